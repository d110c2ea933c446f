"""What the README's performance figures come from; `scripts/bench` runs it all."""
