"""The story of the product, played in a local cloud with nothing staged: what is shown is what the cloud answered."""
