"""基础库: golden records of people, firms, places, licences and credit from many sources; homes, themes, profiles."""
