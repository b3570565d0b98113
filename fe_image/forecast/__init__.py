"""The forecast of the steps after the last price: request lines with a model's fitted state, and the published forecast."""
