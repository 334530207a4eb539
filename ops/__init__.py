"""Running the services: private servers, supervision, installing, and the `khokahano` command. It may import services."""
