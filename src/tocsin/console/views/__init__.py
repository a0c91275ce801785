"""One module a page, or a few that belong together: what a visit asks for becomes what a template is given."""
