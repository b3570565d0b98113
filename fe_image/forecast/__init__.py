"""The forecast of the steps after the last price: requests with a model's fitted state, and what is published of the answers."""
