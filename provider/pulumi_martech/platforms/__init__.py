"""One file a platform: manifest, argument models, translation to HTTP. Nothing else knows it."""
