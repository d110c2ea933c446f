"""What several tests share: a PostgreSQL of their own, content, channels that keep what is sent."""
