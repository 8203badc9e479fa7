"""政务服务主题库·主动服务 (G5): people with a right are told of it, if they agreed to be told."""
