"""The columns of ``sms.db`` that are known and give no row, by table (lower case)."""

from collections.abc import Mapping

LEFT: Mapping[str, str] = {
    "message": """
        account_guid associated_message_range_length associated_message_range_location
        bia_reference_id cache_has_attachments ck_chat_id ck_record_change_tag ck_record_id
        ck_sync_state country date_delivered date_played date_read date_recovered
        did_notify_recipient error expire_state expressive_send_style_id fallback_hash
        has_dd_results has_unseen_mention index_state is_archive is_auto_reply is_corrupt
        is_delayed is_delivered is_emote is_empty is_expirable is_finished is_forward
        is_kt_verified is_pending_satellite_send is_played is_prepared is_read is_sent
        is_service_message is_sos is_spam is_stewie is_system_message is_time_sensitive
        message_action_type message_source needs_relay part_count payload_data replace
        reply_to_guid schedule_state schedule_type sent_or_received_off_grid service_center
        share_direction sim_id sort_id sr_ck_record_change_tag sr_ck_record_id sr_ck_sync_state
        synced_syndication_ranges syndication_ranges thread_originator_part
        time_expressive_send_played type version was_data_detected was_deduplicated
        was_delivered_quietly was_detonated was_downgraded""",
    "chat": """
        account_id ck_record_system_property_blob ck_sync_state cloudkit_record_id engram_id
        group_id is_archived is_blackholed is_deleting_incoming_messages is_filtered
        is_pending_review is_recovered last_addressed_handle last_addressed_sim_id
        last_read_message_timestamp original_group_id properties room_name server_change_token
        state style successful_query syndication_date syndication_type""",
    "handle": "country person_centric_id service uncanonicalized_id",
    "attachment": """
        attribution_info ck_record_id ck_server_change_token_blob ck_sync_state created_date
        emoji_image_content_identifier emoji_image_short_description guid is_commsafety_sensitive
        is_outgoing original_guid preview_generation_state sr_ck_record_id
        sr_ck_server_change_token_blob sr_ck_sync_state start_date sticker_user_info total_bytes
        transfer_state user_info uti""",
    "chat_message_join": "message_date",
    "chat_recoverable_message_join": "ck_sync_state delete_date",
    "recoverable_message_part": "chat_id ck_sync_state delete_date part_index",
    "deleted_messages": "guid rowid",
    "sync_deleted_messages": "guid recordid rowid",
    "_sqlitedatabaseproperties": "key value",
}
TAKEN: Mapping[str, str] = {
    "chat": "rowid chat_identifier guid display_name service_name account_login",
    "handle": "rowid id",
    "attachment": "rowid filename hide_attachment is_sticker mime_type transfer_name",
    "chat_message_join": "chat_id message_id",
    "chat_handle_join": "chat_id handle_id",
    "message_attachment_join": "attachment_id message_id",
    "chat_recoverable_message_join": "chat_id message_id",
    "recoverable_message_part": "message_id part_text",
}
"""What is read of the tables beside ``message``."""
