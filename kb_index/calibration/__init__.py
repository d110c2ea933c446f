"""From evidence to a calibrated confidence."""
