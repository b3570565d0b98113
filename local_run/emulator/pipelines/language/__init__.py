"""The language of pipeline definitions: parameters, expressions, conditions and retry policies."""
