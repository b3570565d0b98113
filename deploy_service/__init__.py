"""Deployments for others: previews of pull requests, and the service that runs Pulumi."""
