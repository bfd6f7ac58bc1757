"""The adapters that read facts. Each public class names its PERMISSIONS and is in ADAPTERS."""
