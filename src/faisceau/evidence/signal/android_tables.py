"""Tables of Signal for Android: what is read of them, what is known and left.

Of every version: a column that a version lacks is not asked for.
"""

MESSAGES = ("message", "mms", "sms")
"""Tables of messages: the first since 2022, before it the other two."""
FIELDS = {
    "_id": "_id",
    "thread": "thread_id",
    "type": "type msg_box",
    "at": "date_sent date",
    "sender": "from_recipient_id recipient_id address",
    "body": "body",
    "quote": "quote_id",
    "removed": "remote_deleted",
    "first": "original_message_id",
}
"""What a message says, and the columns it stands in, by version."""
_ATTACHMENTS = ("attachment", "part")

TAKEN = {
    **dict.fromkeys(MESSAGES, " ".join(FIELDS.values())),
    **dict.fromkeys(
        _ATTACHMENTS,
        """_id message_id mid content_type ct quote voice_note data_hash data_hash_end
        unique_id""",
    ),
    "recipient": """_id group_id e164 phone aci uuid username email pni system_joined_name
        system_display_name profile_joined_name profile_given_name signal_profile_name
        nickname_joined_name""",
    "groups": "group_id title members",
    "group_membership": "group_id recipient_id",
    "thread": "_id recipient_id thread_recipient_id recipient_ids",
    "call": "_id message_id peer direction event timestamp ringer",
    "reaction": "_id message_id is_mms author_id emoji date_sent",
    "drafts": "_id value",
}
LEFT = {
    **dict.fromkeys(
        MESSAGES,
        """date_received date_server date from_device_id to_recipient_id recipient_device_id
        address_device_id read m_type m_size st tr_id ct_l exp subscription_id receipt_timestamp
        has_delivery_receipt has_read_receipt delivery_receipt_count read_receipt_count
        viewed_receipt_count viewed mismatched_identities network_failures expires_in
        expire_started expire_timer_version notified quote_author quote_missing quote_body
        quote_attachment quote_mentions quote_type shared_contacts unidentified link_previews
        previews view_once reveal_duration reactions_unread reactions_last_seen reactions
        mentions_self notified_timestamp server_guid message_ranges ranges story_type
        parent_story_id export_state exported scheduled_date message_extras latest_revision_id
        revision_number person protocol status reply_path_present subject service_center
        part_count read_status rpt_a retr_st rr ct_cls resp_st sub sub_cs v pri d_rpt d_tm m_cls
        m_id ct_t retr_txt retr_txt_cs resp_txt votes_unread votes_last_seen deleted_by
        pinned_until pinning_message_id pinned_at""",
    ),
    **dict.fromkeys(
        _ATTACHMENTS,
        """transfer_state pending_push data_size size data_file _data data_random data_hash_start
        file_name remote_key cd remote_location cl remote_digest digest
        remote_incremental_digest remote_incremental_digest_chunk_size incremental_mac_digest
        incremental_mac_chunk_size fast_preflight_id video_gif width height caption
        sticker_pack_id sticker_pack_key sticker_id sticker_emoji blur_hash visual_hash
        upload_timestamp cdn_number upload_cdn transform_properties transfer_file display_order
        thumbnail thumbnail_random aspect_ratio seq chset fn cid ctt_s ctt_t encrypted name
        borderless archive_cdn archive_media_name archive_media_id archive_thumbnail_media_id
        archive_transfer_file archive_transfer_state archive_thumbnail_cdn thumbnail_file
        thumbnail_restore_state attachment_uuid offload_restored_at quote_target_content_type
        metadata_id""",
    ),
    "recipient": """type group_type distribution_list_id call_link_room_id registered
        unregistered_timestamp blocked hidden profile_key profile_key_credential profile_sharing
        profile_family_name profile_avatar signal_profile_avatar last_profile_fetch
        system_given_name system_family_name system_nickname system_photo_uri system_phone_label
        system_phone_type system_contact_uri system_info_pending notification_channel
        message_ringtone message_vibrate call_ringtone call_vibrate mute_until
        message_expiration_time message_expiration_time_version sealed_sender_mode
        unidentified_access_mode storage_service_id storage_service_key storage_proto
        storage_service_proto mention_setting capabilities last_session_reset
        last_gv1_migrate_reminder wallpaper wallpaper_file wallpaper_uri about about_emoji extras
        groups_in_common avatar_color color chat_colors custom_chat_colors_id badges
        needs_pni_signature reporting_token phone_number_sharing phone_number_discoverable
        pni_signature_verified nickname_given_name nickname_family_name note dirty
        default_subscription_id force_sms_selection seen_invite_reminder forced_sms
        key_transparency_data""",
    "groups": """_id recipient_id avatar_id avatar_key avatar_content_type avatar_digest
        avatar_relay timestamp active mms master_key revision decrypted_group expected_v2_id
        former_v1_members unmigrated_v1_members display_as_story auth_service_id distribution_id
        last_force_update_timestamp show_as_story_state group_send_endorsements_expiration
        terminated_by""",
    "group_membership": "_id endorsement member_label member_label_emoji",
    "thread": """date meaningful_messages message_count read type error snippet snippet_type
        snippet_uri snippet_content_type snippet_extras snippet_message_extras snippet_message_id
        unread_count unread_self_mention_count archived status delivery_receipt_count
        read_receipt_count has_delivery_receipt has_read_receipt expires_in last_seen has_sent
        last_scrolled pinned pinned_order active snippet_cs""",
    "call": "call_id type read local_joined group_call_active deletion_timestamp",
    "reaction": "date_received",
    "drafts": "thread_id type",
}
