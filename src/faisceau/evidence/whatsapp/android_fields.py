"""What is read of ``msgstore.db``, table by table: the old ``messages`` and the newer schema.

Columns and side tables came and went since 2014; a database has some of them.
"""

from collections.abc import Mapping

from faisceau.evidence.whatsapp.database import Field, Join, plain

OLD_COLUMNS = (
    "_id", "key_remote_jid", "key_from_me", "key_id", "status", "data", "timestamp",
    "media_wa_type",
)  # fmt: skip
NEW_COLUMNS = ("_id", "chat_row_id", "from_me", "key_id", "timestamp")
ADD_ON_COLUMNS = ("_id", "chat_row_id", "parent_message_row_id", "timestamp")

_BESIDE: Mapping[str, Field] = {
    **plain("message_edit_info", edited="edited_timestamp"),
    **plain("message_revoked", revoked="message_row_id"),
    **plain("message_forwarded", forwarded="forward_score"),
}
OLD_FIELDS: Mapping[str, Field] = {
    **plain(
        "messages",
        id="_id", thread="key_remote_jid", sender="remote_resource", mine="key_from_me",
        key="key_id", time="timestamp", flags="forwarded", caption="media_caption",
        title="media_name", mime="media_mime_type", hash="media_hash", starred="starred",
        latitude="latitude", longitude="longitude",
    ),
    # Old versions put thumbnails in the column of the words.
    "text": Field("messages", "data", "CASE WHEN typeof({0}) = 'text' THEN {0} END"),
    # The app's own view reads a text of status 6 as a notice, whose number is the size.
    "type": Field(
        "messages",
        "media_wa_type",
        "CASE WHEN {0} = 0 AND messages.status = 6 THEN 7 ELSE CAST({0} AS INTEGER) END",
    ),
    "action": Field("messages", "media_size", "CASE WHEN messages.status = 6 THEN {0} END"),
    # The thumbnail of a notice is the list of the members it is about, as Java serialises it.
    "people": Field("messages", "thumb_image", "CASE WHEN messages.status = 6 THEN {0} END"),
    **plain("messages_quotes", reply="key_id"),
    **_BESIDE,
}  # fmt: skip
NEW_FIELDS: Mapping[str, Field] = {
    **plain(
        "message",
        id="_id", chat="chat_row_id", sender_row="sender_jid_row_id", mine="from_me", key="key_id",
        time="timestamp", type="message_type", text="text_data", flags="origination_flags",
        starred="starred",
    ),
    **plain("message_system", action="action_type"),
    **plain(
        "message_media",
        caption="media_caption", title="media_name", mime="mime_type", hash="file_hash",
        path="file_path",
    ),
    **plain("message_location", latitude="latitude", longitude="longitude"),
    **plain("message_quoted", reply="key_id"),
    **_BESIDE,
}  # fmt: skip
REACTION_FIELDS: Mapping[str, Field] = {
    **plain(
        "message_add_on",
        id="_id", chat="chat_row_id", sender_row="sender_jid_row_id", mine="from_me", key="key_id",
        time="timestamp",
    ),
    **plain("message_add_on_reaction", text="reaction"),
    "revoked": Field("message_add_on_reaction", "reaction", "CASE WHEN {0} = '' THEN 1 END"),
    **plain("message_add_on_poll_vote", voted="message_add_on_row_id"),
    **plain("message", reply="key_id"),
}  # fmt: skip
JOINS: Mapping[str, Mapping[str, Join]] = {
    "messages": {
        "messages_quotes": Join("_id", "messages.quoted_row_id"),
        **{
            side: Join("message_row_id", "messages._id")
            for side in ("message_edit_info", "message_revoked", "message_forwarded")
        },
    },
    "message": {
        side: Join("message_row_id", "message._id")
        for side in (
            "message_system", "message_media", "message_location", "message_quoted",
            "message_edit_info", "message_revoked", "message_forwarded",
        )
    },
    "message_add_on": {
        "message_add_on_reaction": Join("message_add_on_row_id", "message_add_on._id"),
        "message_add_on_poll_vote": Join("message_add_on_row_id", "message_add_on._id"),
        "message": Join("_id", "message_add_on.parent_message_row_id"),
    },
}  # fmt: skip

NOTES: Mapping[str, Mapping[str, str]] = {
    "message_system_chat_participant": {"user_jid_row_id": "{0}"},
    "message_system_number_change": {"old_jid_row_id": "{0}", "new_jid_row_id": "{0}"},
    "message_system_value_change": {"old_data": "{0}"},
    "message_system_block_contact": {
        "is_blocked": "CASE {0} WHEN 1 THEN 'blocked' WHEN 0 THEN 'unblocked' END"
    },
    "message_system_business_state": {"business_name": "{0}"},
    "message_system_initial_privacy_provider": {"verified_biz_name": "{0}"},
    "message_ephemeral_setting": {
        "setting_duration": "CASE WHEN {0} > 0 THEN {0} || ' s' ELSE 'off' END"
    },
    "message_revoked": {"admin_jid_row_id": "{0}"},
    "message_vcard": {"vcard": "{0}"},
    "messages_vcards": {"vcard": "{0}"},
    "message_poll_option": {"option_name": "{0}"},
    "message_template": {"content_text_data": "{0}", "footer_text_data": "{0}"},
    "message_template_button": {"text_data": "{0}"},
    "message_ui_elements": {"element_content": "{0}"},
    "message_ui_elements_reply": {"reply_description": "{0}"},
    "message_group_invite": {"group_name": "{0}"},
    "message_product": {"title": "{0}", "description": "{0}"},
    "message_order": {"order_title": "{0}", "message": "{0}"},
    "message_payment": {"amount_with_symbol": "{0}"},
    "message_invoice": {"amount": "{0}", "note": "{0}"},
    "message_event": {"name": "{0}", "description": "{0}"},
    "message_location": {"place_name": "{0}", "place_address": "{0}"},
}
"""Words that stand beside a message, in tables of their own: the SQL of each column, by table."""

LEFT_COLUMNS = frozenset(
    {
        "broadcast", "edit_version", "lookup_tables", "media_duration", "media_enc_hash",
        "media_url", "mentioned_jids", "message_add_on_flags", "multicast_id", "needs_push",
        "origin", "participant_hash", "payment_transaction_id", "played_device_timestamp",
        "preview_type", "raw_data", "read_device_timestamp", "receipt_device_timestamp",
        "receipt_server_timestamp", "received_timestamp", "recipient_count", "send_count",
        "send_timestamp", "sort_id", "status", "translated_text", "view_mode",
        "view_replies_thread_id",
    }
)  # fmt: skip
