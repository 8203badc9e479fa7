"""一件事一次办 (G1): one questionnaire, every fact once, departments in order and in parallel, one result pack."""
