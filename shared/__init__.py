"""What all four services stand on: the published language, messaging, data access, identity and pages."""
