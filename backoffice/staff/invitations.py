"""An invitation: a link by which a person who was made a member chooses their first password.

Nothing is stored for it. The token is signed over the person's password hash, so it ends by itself
once a password is chosen, and after ``PASSWORD_RESET_TIMEOUT`` seconds.
"""

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from backoffice.core.errors import InvalidInput
from backoffice.staff.models import User


class _Tokens(PasswordResetTokenGenerator):
    key_salt = "backoffice.staff.invitation"


_tokens = _Tokens()


@transaction.atomic
def person_named(*, email: str, name: str) -> User:
    """The person of this address, made without a password when there is none."""
    address = email.strip().lower()
    clean = " ".join(name.split())[:120]
    try:
        validate_email(address)
    except ValidationError:
        raise InvalidInput(fields={"email": "This is not an e-mail address."}) from None
    user = User.objects.filter(email=address).first()
    if user is not None:
        return user
    if not clean:
        raise InvalidInput(fields={"name": "Say the person's name."})
    return User.objects.create_user(address, None, name=clean)


def invitation_path(user: User) -> str:
    """The address of the link; for a person who has chosen no password yet."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("staff:invited", kwargs={"uid": uid, "token": _tokens.make_token(user)})


def invited(uid: str, token: str) -> User | None:
    """Whom a link is for; None when it is not whole, was used, or is too old."""
    try:
        pk = int(urlsafe_base64_decode(uid).decode())
    except (ValueError, OverflowError, UnicodeDecodeError):
        return None
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None or user.has_usable_password() or not _tokens.check_token(user, token):
        return None
    return user


@transaction.atomic
def invitation_accept(*, user: User, password: str) -> User:
    """Choose the first password. Raises ``InvalidInput`` with what is wrong with it."""
    row = User.objects.select_for_update().get(pk=user.pk)
    if row.has_usable_password():
        raise InvalidInput("This invitation was used. Sign in with your password.")
    try:
        validate_password(password, row)
    except ValidationError as error:
        raise InvalidInput(fields={"password": " ".join(error.messages)}) from None
    row.set_password(password)
    row.save(update_fields=["password"])
    return row
