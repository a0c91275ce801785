"""What stands in a mail: subject, plain text and HTML, the same said in both. Spec: SNS-5, AL-17.6."""

from tocsin.core.mail.content import Mail, MailLinks, compose_mail

__all__ = ["Mail", "MailLinks", "compose_mail"]
