"""Makes the weights that the product ships. Not part of the wheel."""
