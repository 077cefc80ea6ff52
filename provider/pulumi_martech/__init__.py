"""Infrastructure as code for martech permissions."""
