"""What has happened: with one member, who has read of them, and who of the staff did what."""
