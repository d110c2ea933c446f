"""The ONNX graphs of the models that come in wheels, built node by node."""
