"""Small adapters that read one kind of fact each, and name the permissions that it takes."""
