"""AWS inside this process: moto's server, what moto lacks, and the delivery of events."""
