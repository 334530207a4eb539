"""HTTP in: what staff decide about speakers and the team, and the invited person's own pages."""
