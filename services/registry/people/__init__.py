"""The list of people and each person's page, as staff see and use them."""
