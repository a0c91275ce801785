"""Where trails write their log files and digests: a folder, or a bucket of an S3 endpoint. Spec: CT-11, CT-15.10."""
