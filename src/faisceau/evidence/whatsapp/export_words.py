"""The app's own words in exported chats: who speaks, notices, media left out or attached.

In French, English, Spanish, Portuguese, German, Dutch, Italian and Arabic; some in Persian,
Turkish and Russian.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from faisceau.evidence.whatsapp.export_dates import MARKS

APP_MARK = "\u200e"
"""What the app writes before its own words, on iOS."""
_QUOTES = (("“", "”"), ("«", "»"), ("„", "“"), ("‘", "’"))
_QUOTING = frozenset('"“«„‘')
_LONGEST_NAME = 128

_THREAD = re.compile(
    r"(?:WhatsApp Chat (?:with|-|mit)|WhatsApp-Chat (?:mit|-)|(?:Discussion|Conversation|Chat) "
    r"WhatsApp (?:avec|-)|(?:Chat|Conversación) de WhatsApp con|Conversa do WhatsApp com|"
    r"WhatsApp-(?:chat|gesprek) met|Chat WhatsApp con|(?:دردشة|محادثة) واتساب مع|"
    r"(?:گپ|گفتگوی) واتساپ با)\s+(.+?)(?: \(\d+\))?$"
)
_ENCRYPTED_STARTS = (
    "Messages ", "Les messages ", "Nachrichten", "Los mensajes ", "As mensagens ", "Berichten ",
    "I messaggi ", "الرسائل", "Your messages ", "Vos messages ", "Tus mensajes", "Mensajes",
    "Le chiamate", "As suas mensagens", "Mensagens", "Messaggi", "پیام", "Mesajlar", "Сообщения",
)  # fmt: skip
_ENCRYPTED = re.compile(
    r"(?i)end-to-end|de bout en bout|Ende-zu-Ende|de extremo a extremo|de ponta a ponta|الطرفين|"
    r"سرتاسر|uçtan uca|сквозн"
)
_ATTACHED = re.compile(
    r"<(?:attached|pièce jointe|Anhang|adjunto|archivo adjunto|anexado|anexo|bijgevoegd|allegato|"
    r"(?:ال)?مرفق|پیوست|eklendi|прикреплено)\s?:\s?(?P<ios>[^<>/\\\n]+)>"
    r"|^(?P<android>[^/\\\n]+\.\w{1,5}) \((?:file attached|fichier joint|Datei angehängt|"
    r"archivo adjunto|(?:arquivo|ficheiro) anexado|bestand bijgevoegd|file allegato|"
    r"(?:ال)?ملف مرفق|dosya ekli|файл добавлен)\)"
)
_EXTENSIONS = {
    **dict.fromkeys(("jpg", "jpeg", "png", "webp", "heic", "gif"), "image"),
    **dict.fromkeys(("mp4", "3gp", "mov", "mkv", "avi", "webm"), "video"),
    **dict.fromkeys(("opus", "ogg", "m4a", "mp3", "aac", "amr", "wav"), "voice"),
}
_PLACE = re.compile(
    r"(?:[^\n:]{2,40}:\s?)?https?://maps\.google\.com/(?:maps)?\?q=(-?\d+\.\d+),(-?\d+\.\d+)\s*$"
)
_LEFT_OUT: dict[str, tuple[str, ...]] = {
    "file": (
        "media omitted", "médias omis", "média omis", "fichier omis", "medien ausgeschlossen",
        "medien weggelassen", "multimedia omitido", "archivo omitido", "mídia oculta",
        "mídia omitida", "arquivo de mídia oculto", "ficheiro não revelado", "ficheiro omitido",
        "media weggelaten", "media omessi", "media omesso", "تم استبعاد الوسائط",
        "تم حذف الوسائط", "رسانه حذف شد", "medya dahil edilmedi", "без медиафайлов",
        "document omitted", "document absent", "document omis", "dokument weggelassen",
        "documento omitido", "documento ocultado", "document weggelaten", "documento omesso",
        "contact card omitted", "fiche contact absente", "fiche contact omise",
        "carte de contact omise", "kontaktkarte ausgelassen", "kontaktkarte weggelassen",
        "tarjeta de contacto omitida", "cartão do contato omitido", "cartão de contacto omitido",
        "contactkaart weggelaten", "scheda contatto omessa",
    ),
    "image": (
        "image omitted", "image absente", "image omise", "bild weggelassen", "imagen omitida",
        "imagem ocultada", "imagem oculta", "imagem omitida", "afbeelding weggelaten",
        "immagine omessa", "تم استبعاد الصورة", "sticker omitted", "sticker absent",
        "sticker omis", "sticker weggelassen", "sticker omitido", "figurinha omitida",
        "autocolante omitido", "sticker weggelaten", "sticker omesso", "sticker non incluso",
        "تم استبعاد الملصق",
    ),
    "video": (
        "video omitted", "vidéo absente", "vidéo omise", "video weggelassen", "video omitido",
        "vídeo omitido", "vídeo ocultado", "video weggelaten", "video omesso",
        "تم استبعاد الفيديو", "gif omitted", "gif absent", "gif omis", "gif weggelassen",
        "gif omitido", "gif weggelaten", "gif omessa", "gif esclusa", "تم استبعاد صورة gif",
        "video note omitted", "note vidéo omise", "note vidéo absente",
        "videonachricht weggelassen", "videobericht weggelaten", "videomessaggio omesso",
        "nota de video omitida",
    ),
    "voice": (
        "audio omitted", "audio absent", "audio omis", "audio weggelassen", "audio omitido",
        "áudio ocultado", "áudio omitido", "audio weggelaten", "audio omesso",
        "تم استبعاد الصوت", "voice message omitted", "message vocal omis",
        "view once voice message omitted",
    ),
}  # fmt: skip
_OMITTED = {phrase: kind for kind, phrases in _LEFT_OUT.items() for phrase in phrases}
_DELETED = frozenset(
    {
        "this message was deleted", "you deleted this message", "ce message a été supprimé",
        "vous avez supprimé ce message", "message supprimé", "diese nachricht wurde gelöscht",
        "du hast diese nachricht gelöscht", "se eliminó este mensaje",
        "este mensaje fue eliminado", "este mensaje ha sido eliminado", "eliminaste este mensaje",
        "has eliminado este mensaje", "mensagem apagada", "esta mensagem foi apagada",
        "esta mensagem foi eliminada", "você apagou esta mensagem", "apagou esta mensagem",
        "eliminou esta mensagem", "dit bericht is verwijderd", "u hebt dit bericht verwijderd",
        "je hebt dit bericht verwijderd", "questo messaggio è stato eliminato",
        "hai eliminato questo messaggio", "تم حذف هذه الرسالة", "حذفت هذه الرسالة",
        "لقد حذفت هذه الرسالة", "این پیام حذف شد", "این پیام پاک شد", "bu mesaj silindi",
        "bu mesajı sildiniz", "данное сообщение удалено", "вы удалили данное сообщение",
    }
)  # fmt: skip
_DELETED_BY = (
    "this message was deleted by admin", "you deleted this message as admin",
    "ce message a été supprimé par l", "diese nachricht wurde von admin",
    "este mensaje fue eliminado por", "mensagem apagada pelo admin",
    "dit bericht is verwijderd door", "questo messaggio è stato eliminato da",
)  # fmt: skip
_LONGEST_PHRASE = 80


@dataclass(frozen=True, slots=True)
class Said:
    """What the words of a complete message are: its kind, and what the app says in them."""

    kind: str
    deleted: bool = False
    file: str | None = None
    place: tuple[float, float] | None = None


def split(rest: str) -> tuple[str | None, str]:
    """The name before the first colon, if a name it is, and the words."""
    cut = rest.find(": ")
    if cut < 0:
        cut = len(rest) - 1 if rest.endswith(":") else -1
    if cut <= 0:
        return None, rest
    name = rest[:cut].strip(MARKS + " ")
    # ``X changed the subject to "a: b"``: a colon inside quotation marks ends no name.
    closed = _QUOTING.isdisjoint(name) or _is_closed(name)
    if not name or len(name) > _LONGEST_NAME or not closed:
        return None, rest
    return name, rest[cut + 2 :]


def _is_closed(name: str) -> bool:
    """True when every quotation mark opened in ``name`` is closed there."""
    return name.count('"') % 2 == 0 and all(name.count(o) <= name.count(c) for o, c in _QUOTES)


def said(text: str, *, named: bool, ios: bool) -> Said:
    """What a complete message is; ``named``: it stands under a name."""
    bare = text.lstrip(MARKS)
    if not named or tells_of_encryption(text):
        return Said("system")
    phrase = _phrase(text, bare)
    if phrase in _DELETED or phrase.startswith(_DELETED_BY):
        return Said("text", deleted=True)
    carried = Said(_OMITTED[phrase]) if phrase in _OMITTED else _carried(bare)
    if carried is None:
        notice = ios and text[:1] == APP_MARK and "\n" not in text
        return Said("system" if notice else "text")
    return carried


def _carried(bare: str) -> Said | None:
    """The file or the place that a message carries."""
    if (bare[:1] == "<" or ")" in bare or ">" in bare) and (found := _ATTACHED.search(bare)):
        file = (found["ios"] or found["android"]).strip(MARKS + " ")
        return Said(_EXTENSIONS.get(file.rpartition(".")[2].casefold(), "file"), file=file)
    if "maps.google" in bare and (place := _PLACE.match(bare)):
        latitude, longitude = float(place[1]), float(place[2])
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            return Said("location", place=(latitude, longitude))
        return Said("text")
    return None


def tells_of_encryption(text: str) -> bool:
    """True for the notice that opens a chat, under whatever name it stands."""
    bare = text.lstrip(MARKS)
    return bare.startswith(_ENCRYPTED_STARTS) and bool(_ENCRYPTED.search(bare[:160]))


def _phrase(text: str, bare: str) -> str:
    """One of the app's phrases, if the message is one: without brackets, marks and full stop.

    ``<Media omitted>`` may be followed by the caption, a line below; on iOS the name of a
    document goes before, and the app's mark between.
    """
    if len(bare) >= _LONGEST_PHRASE:
        if bare[:1] == "<":
            bare = bare.partition("\n")[0]
        elif APP_MARK in text:
            bare = text.partition("\n")[0].rpartition(APP_MARK)[2]
        if len(bare) >= _LONGEST_PHRASE:
            return ""
    elif bare[:1] == "<" and "\n" in bare:
        bare = bare.partition("\n")[0]
    elif APP_MARK in bare:
        bare = bare.partition("\n")[0].rpartition(APP_MARK)[2] or bare
    return bare.strip("<>. \n" + MARKS).casefold()


def thread_of(path: str) -> tuple[str | None, str]:
    """The name that the file, or the archive it lies in, gives the chat; and its id.

    ``_chat.txt`` says nothing: the archive's or folder's name is the id, where there is one.
    """
    stems = [
        re.sub(r"(?i)\.(txt|zip)!?$", "", part) for part in reversed(PurePosixPath(path).parts)
    ]
    for stem in stems:
        if found := _THREAD.search(stem.strip(MARKS)):
            return found[1], found[1]
    return None, next((stem for stem in stems if stem != "_chat"), "_chat")
