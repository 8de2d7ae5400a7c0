"""The columns of Skype's ``main.db`` that are known, by table (lower case).

Names as https://github.com/suurjaak/Skyperious has them (``skypedata.py``), versions 3 to 7.
"""

from collections.abc import Mapping

TAKEN: Mapping[str, str] = {
    "messages": """
        id convo_id chatname timestamp author from_dispname type chatmsg_type identities
        body_xml edited_timestamp guid dialog_partner""",
    "conversations": "id identity displayname given_displayname meta_topic type",
    "chats": "name topic friendlyname participants dialog_partner",
    "chatmembers": "chatname identity",
    "participants": "convo_id identity",
    "contacts": """
        id skypename pstnnumber fullname displayname given_displayname phone_home phone_office
        phone_mobile assigned_phone1 assigned_phone2 assigned_phone3 main_phone emails""",
    "accounts": """
        id skypename liveid_membername signin_name pstnnumber phone_home phone_office
        phone_mobile emails skypein_numbers""",
    "calls": """
        id begin_timestamp duration is_incoming host_identity partner_handle pstn_number
        conv_dbid name""",
    "callmembers": "id call_db_id identity call_duration",
    "transfers": """
        id type partner_handle partner_dispname status starttime finishtime accepttime
        last_activity filepath filename chatmsg_guid convo_id""",
    "smses": """
        id type target_numbers body timestamp reply_to_number chatmsg_id convo_name""",
    "voicemails": """
        id type partner_handle partner_dispname timestamp duration path chatmsg_guid convo_id""",
    "videomessages": "id author creation_timestamp title description local_path public_link",
}
"""What is read."""

LEFT: Mapping[str, str] = {
    "messages": """
        annotation_version author_was_live body_is_rawxml bots_settings call_guid chatmsg_status
        consumption_status content_flags crc edited_by error_code extprop_contact_received_stamp
        extprop_contact_review_date extprop_contact_reviewed is_permanent language leavereason
        newoptions newrole oldoptions option_bits param_key param_value participant_count pk_id
        reaction_thread reason remote_id sending_status server_id timestamp__ms""",
    "conversations": """
        active_invoice_message active_vm_id alert_string alt_identity awareness_livestate
        chat_dbid client_id consumption_horizon consumption_horizon__ms
        consumption_horizon_bookmark consumption_horizon_crc consumption_horizon_rid
        consumption_horizon_set_at context_horizon creation_timestamp creator
        datachannel_object_id dialog_partner endpoint_details extprop_chat_avatar
        extprop_chat_left_margin extprop_chat_right_margin extprop_chat_width
        extprop_consumption_timestamp extprop_conversation_first_unread_emote
        extprop_entry_height extprop_form_visible extprop_new_in_inbox extprop_pinned_order
        extprop_profile_height extprop_recovery_mode extprop_tab_order
        extprop_translator_call_my_lang extprop_translator_call_other_lang
        extprop_translator_chat_my_lang extprop_translator_chat_other_lang
        extprop_translator_enabled extprop_video_chat_height extprop_video_layout
        extprop_window_detached extprop_window_maximized extprop_windowpos_h extprop_windowpos_w
        extprop_windowpos_x extprop_windowpos_y guid highlights_add_pending
        highlights_add_waiting highlights_follow_pending highlights_follow_waiting
        history_horizon history_sync_state in_migrated_thread_since inbox_message_id
        inbox_timestamp invite_status is_blocked is_bookmarked is_p2p_migrated is_permanent
        join_url last_activity_timestamp last_message_id last_synced_days last_synced_message_id
        last_synced_message_version live_call_technology live_host live_is_hostless
        live_is_muted live_start_timestamp local_livestatus max_videoconfcall_participants
        mcr_caller meta_description meta_guidelines meta_name meta_picture
        migration_instructions_posted my_status opt_access_token opt_admin_only_activities
        opt_disclose_history opt_entry_level_rank opt_history_limit_in_days opt_joining_enabled
        opt_moderated optimal_remote_videos_in_conference parent_thread passwordhint picture
        pinned_order premium_video_is_grace_period premium_video_sponsor_list
        premium_video_status reaction_thread spawned_from_convo_id thread_version
        unconsumed_elevated_messages unconsumed_messages_voice unconsumed_normal_messages
        unconsumed_suppressed_messages version""",
    "chats": """
        activemembers activity_timestamp adder alertstring applicants banned_users conv_dbid
        dbpath description first_unread_message guidelines id is_bookmarked is_permanent
        last_change lifesigns myrole mystatus name_text options passwordhint picture pk_type
        posters split_friendlyname state_data timestamp topic_xml type unconsumed_elevated_msg
        unconsumed_msg_voice unconsumed_normal_msg unconsumed_suppressed_msg""",
    "chatmembers": "adder cur_activities id is_active is_permanent role",
    "participants": """
        adder adding_in_progress_since debuginfo dominant_speaker_rank endpoint_details
        group_calling_capabilities id is_active_speaker is_multiparty_video_capable
        is_multiparty_video_updatable is_permanent is_premium_video_sponsor
        is_seamlessly_upgraded_call is_video_codec_compatible last_leavereason last_voice_error
        live_country live_fwd_identities live_identity live_identity_to_use live_ip_address
        live_price_for_me live_start_timestamp live_type live_voicechannel
        livesession_fallback_in_progress livesession_recovery_in_progress messaging_mode
        next_redial_time nrof_redials_left quality_problems rank read_horizon real_identity
        requested_rank sound_level sponsor text_status transferred_by transferred_to
        voice_status""",
    "contacts": """
        about account_modification_serial_nr added_in_shared_group alertstring aliases
        assigned_comment assigned_phone1_label assigned_phone2_label assigned_phone3_label
        assigned_speeddial authorization_certificate authorized_time authreq_crc authreq_history
        authreq_initmethod authreq_nodeinfo authreq_src authreq_timestamp authrequest_count
        availability avatar_hiresurl avatar_hiresurl_new avatar_image avatar_timestamp
        avatar_url avatar_url_new birthday buddyblob buddystatus capabilities cbl_future
        certificate_send_count city contactlist_track country dirblob_last_search_time
        external_id external_system_id extprop_external_data extprop_seen_birthday
        extprop_sms_target firstname gender given_authlevel group_membership hashed_emails
        homepage in_shared_group ipcountry is_auto_buddy is_mobile is_permanent is_trusted
        isauthorized isblocked languages last_used_networktime lastname lastonline_timestamp
        lastused_timestamp liveid_cid mood_text mood_timestamp mutual_friend_count
        network_availability node_capabilities node_capabilities_and nr_of_buddies
        nrof_authed_buddies offline_authreq_id phone_home_normalized phone_mobile_normalized
        phone_office_normalized pop_score popularity_ord profile_attachments profile_etag
        profile_json profile_timestamp province received_authrequest refreshing revoked_auth
        rich_mood_text saved_directory_blob sent_authrequest sent_authrequest_extrasbitmask
        sent_authrequest_initmethod sent_authrequest_serial sent_authrequest_time server_synced
        stack_version timezone type unified_servants verified_company verified_email""",
    "accounts": """
        about ad_policy added_in_shared_group alertstring aliases assigned_comment
        assigned_speeddial authorized_time authreq_history authreq_timestamp authrequest_count
        authrequest_policy availability avatar_image avatar_policy avatar_timestamp birthday
        buddyblob buddycount_policy capabilities cbl_future cblsyncstatus chat_policy city
        cobrand_id commitstatus contactssyncstatus country displayname federated_presence_policy
        flamingo_xmpp_status forward_starttime fullname gender given_authlevel given_displayname
        hidden_expression_tabs homepage in_shared_group ipcountry is_permanent languages
        lastonline_timestamp lastused_timestamp logoutreason mood_text mood_timestamp msa_pmn
        node_capabilities node_capabilities_and nr_of_other_instances nrof_authed_buddies
        offline_authreq_id offline_callforward options_change_future owner_under_legal_age
        partner_channel_status partner_optedout phonenumbers_policy profile_attachments
        profile_timestamp province pstn_call_policy pwdchangestatus read_receipt_optout
        received_authrequest refreshing registration_timestamp revoked_auth rich_mood_text
        roaming_history_enabled sent_authrequest sent_authrequest_serial sent_authrequest_time
        service_provider_info set_availability shortcircuit_sync skype_call_policy
        skypeout_balance skypeout_balance_currency skypeout_precision stack_version status
        subscriptions suggested_skypename synced_email timezone timezone_policy type uses_jcs
        verified_company verified_email voicemail_policy webpresence_policy""",
    "calls": """
        access_token active_members caller_mri_identity conf_participants conversation_type
        current_video_audience datachannel_object_id endpoint_details failurecode failurereason
        forwarding_destination_type incoming_type is_active is_conference is_hostless is_muted
        is_on_hold is_permanent is_premium_video_sponsor is_server_muted is_unseen_missed
        joined_existing leg_id light_weight_meeting_count_changed max_videoconfcall_participants
        member_count_changed members message_id mike_status old_duration old_members
        onbehalfof_mri optimal_remote_videos_in_conference partner_dispname
        premium_video_is_grace_period premium_video_sponsor_list premium_video_status
        pstn_status quality_problems server_identity soundlevel start_timestamp status
        technology thread_id topic transfer_failure_reason transfer_status transferor_mri type
        vaa_input_status video_disabled""",
    "callmembers": """
        accepted_by admit_failure_reason call_name call_session_guid capabilities
        content_sharing_role country creation_timestamp debuginfo dispname dominant_speaker_rank
        endpoint_details endpoint_type failurereason fallback_in_progress forward_targets
        forwarded_by group_calling_capabilities guid identity_type ip_address is_active_speaker
        is_conference is_multiparty_video_capable is_permanent is_premium_video_sponsor
        is_read_only is_seamlessly_upgraded_call is_server_muted is_video_codec_compatible
        languages light_weight_meeting_role mike_status mri_identity next_redial_time nonse_word
        nr_of_delivered_push_notifications nrof_redials_done nrof_redials_left
        participant_sponsor payment_category pk_status price_currency price_per_minute
        price_precision prime_status pstn_feedback pstn_statustext quality_problems
        quality_status real_identity recovery_in_progress sounderror_code soundlevel
        start_timestamp stats_xml status target_identity transfer_active transfer_status
        transfer_topic transferred_by transferred_to type version_string video_count_changed
        videostatus voicechannel""",
    "transfers": """
        bytespersecond bytestransferred chatmsg_index extprop_handled_by_chat
        extprop_hide_from_history extprop_localfilename extprop_window_visible failurereason
        filesize flags is_permanent nodeid offer_send_list old_filepath old_status parent_id
        pk_id""",
    "smses": """
        error_category event_flags extprop_extended extprop_hide_from_history failurereason
        identity is_failed_unseen is_permanent notification_id outgoing_reply_type price
        price_currency price_precision reply_id_number status target_statuses""",
    "voicemails": """
        allowed_duration extprop_hide_from_history failurereason failures flags is_permanent
        notification_id playback_progress size status subject vflags xmsg""",
    "videomessages": """
        attached_msg_ids is_permanent progress qik_id sharing_id status type vod_path vod_status""",
}
"""What no table here holds."""
