"""City profiles shipped with the package: data files only, one folder a city (城市画像)."""
