"""What the registry keeps: members and their contacts, consents, areas, and who looked. Rules only: no I/O and no clock."""

from services.registry.model.areas import Area, Figure
from services.registry.model.consents import Consent, ConsentRoot, Purpose, Wording
from services.registry.model.members import REACHED_BY, Contact, Member, Repeat, Tombstone

__all__ = ["REACHED_BY", "Area", "Consent", "ConsentRoot", "Contact", "Figure", "Member", "Purpose", "Repeat", "Tombstone", "Wording"]
