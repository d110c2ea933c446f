"""The Slack channel against a local server that speaks its protocol."""
