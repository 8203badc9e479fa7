"""数据开放: opened copies of data tables, the portal's pages and the CKAN Action API."""
