"""People 人: accounts, natural persons, firms, departments, posts and roles of the city."""
