"""The one place that makes an account equal to what is declared."""
