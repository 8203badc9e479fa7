"""感知数据服务: OGC SensorThings API 1.1 over the city's sensors."""
