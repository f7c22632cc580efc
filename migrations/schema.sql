-- The schema `public` after all migrations, for people to read: written by `npm run schema`, compared by a test.
-- Not in it: the table migrations, which TypeORM makes, and the schema graphile_worker, which graphile-worker makes;
-- the partitions of calls, of which there is one a month.

create table api_key (
  id bigint generated always as identity not null,
  name text not null,
  scopes text[] not null,
  prefix text not null,
  hash text not null,
  first_id bigint,
  created_by text not null,
  created_at timestamp(3) with time zone default now() not null,
  expires_at timestamp(3) with time zone,
  rotated_at timestamp(3) with time zone,
  revoked_at timestamp(3) with time zone,
  last_used_at timestamp(3) with time zone,
  constraint api_key_pkey PRIMARY KEY (id)
);

create table app_user (
  id bigint not null,
  name text not null,
  phone text,
  blocked boolean default false not null,
  external_id text,
  phone_with_extension text,
  shown json,
  constraint app_user_pkey PRIMARY KEY (id),
  constraint app_user_id_positive CHECK ((id > 0))
);

create table audit_entry (
  id bigint generated always as identity not null,
  at timestamp(3) with time zone default now() not null,
  subject text not null,
  token_id text,
  api_key_id text,
  action text not null,
  route text not null,
  target text,
  before jsonb,
  after jsonb,
  detail jsonb,
  address text not null,
  request_id text not null,
  constraint audit_entry_pkey PRIMARY KEY (id)
);

create table budget (
  id bigint generated always as identity not null,
  kind text not null,
  subject text not null,
  period text not null,
  amount bigint not null,
  time_zone text not null,
  constraint budget_pkey PRIMARY KEY (id),
  constraint budget_kind_known CHECK ((kind = ANY (ARRAY['all'::text, 'user'::text, 'sub_account'::text]))),
  constraint budget_not_negative CHECK ((amount >= 0)),
  constraint budget_period_known CHECK ((period = ANY (ARRAY['day'::text, 'month'::text])))
);

create table budget_use (
  budget_id bigint not null,
  subject text not null,
  period_start timestamp with time zone not null,
  settled bigint not null,
  reserved bigint not null,
  constraint budget_use_pkey PRIMARY KEY (budget_id, subject, period_start),
  constraint budget_use_not_negative CHECK (((settled >= 0) AND (reserved >= 0)))
) with (fillfactor=50);

create table call_cost (
  call_sid text not null,
  reserved bigint not null,
  settled bigint,
  prices jsonb not null,
  budgets bigint[] not null,
  subjects text[] not null,
  period_starts timestamp with time zone[] not null,
  constraint call_cost_pkey PRIMARY KEY (call_sid),
  constraint call_cost_within_reserved CHECK (((settled >= 0) AND (settled <= reserved)))
);

create table call_events (
  provider text not null,
  event_id text not null,
  call_sid text not null,
  type text not null,
  occurred_at timestamp(3) with time zone not null,
  received_at timestamp(3) with time zone default now() not null,
  detail jsonb,
  receipt text,
  change_number integer,
  change text,
  written_by bigint default int8in(xid8out(pg_current_xact_id())),
  constraint call_events_pkey PRIMARY KEY (call_sid, provider, event_id),
  constraint call_event_change_complete CHECK (((change_number IS NULL) = (change IS NULL)))
) partition by range (call_sid);

create table call_freeze (
  id bigint generated always as identity not null,
  kind text not null,
  subject text not null,
  reason text,
  frozen_by text not null,
  created_at timestamp(3) with time zone default now() not null,
  lifted_at timestamp(3) with time zone,
  constraint call_freeze_pkey PRIMARY KEY (id),
  constraint call_freeze_kind_known CHECK ((kind = ANY (ARRAY['all'::text, 'user'::text, 'sub_account'::text, 'country'::text])))
);

create table call_records (
  call_sid text not null,
  caller_id bigint not null,
  callee_id bigint,
  service_line_id bigint,
  caller_phone text not null,
  callee_phone text not null,
  provider text not null,
  sub_account text not null,
  provider_call_id text,
  state smallint not null,
  end_reason text,
  ended_by text,
  requested_at timestamp(3) with time zone not null,
  ringing_at timestamp(3) with time zone,
  answered_at timestamp(3) with time zone,
  ended_at timestamp(3) with time zone,
  changes integer not null,
  sweep_at timestamp(3) with time zone not null,
  deadline_at timestamp(3) with time zone not null,
  cancel_ordered_at timestamp(3) with time zone,
  recording text,
  turn_at timestamp with time zone,
  checked_until timestamp(3) with time zone,
  metadata jsonb,
  placed_by text,
  longest_talk_seconds integer,
  route text,
  cause_a json,
  cause_b json,
  cancel_ordered_by text,
  taken_phone text,
  trace_parent text,
  line_slot integer,
  hunt text[],
  constraint call_records_pkey PRIMARY KEY (call_sid),
  constraint call_record_call_sid_shape CHECK ((call_sid ~ '^[0-9]{32}$'::text)),
  constraint call_record_end_known CHECK (((state = 4) = ((end_reason IS NOT NULL) AND (ended_by IS NOT NULL) AND (ended_at IS NOT NULL)))),
  constraint call_record_one_target CHECK (((callee_id IS NULL) <> (service_line_id IS NULL))),
  constraint call_record_state_range CHECK (((state >= 1) AND (state <= 4)))
) partition by range (call_sid);

create table call_refusal (
  id bigint generated always as identity not null,
  at timestamp(3) with time zone default now() not null,
  caller_id bigint,
  caller_phone text,
  callee_id bigint,
  service_line_id bigint,
  callee_phone text,
  fault text not null,
  reason text,
  asked_by text,
  request_id text,
  count integer not null,
  checks jsonb default '[]'::jsonb not null,
  constraint call_refusal_pkey PRIMARY KEY (id)
);

create table call_statistics (
  grouped_by text not null,
  minutes smallint not null,
  starts_at timestamp with time zone not null,
  key text not null,
  calls integer not null,
  answered integer not null,
  talk_seconds bigint not null,
  completed integer not null,
  canceled integer not null,
  busy integer not null,
  no_answer integer not null,
  rejected integer not null,
  unreachable integer not null,
  failed integer not null,
  lost integer not null,
  ringing_delays bytea not null,
  answer_delays bytea not null,
  constraint call_statistics_pkey PRIMARY KEY (grouped_by, minutes, starts_at, key)
);

create table desk_session (
  id bigint generated always as identity not null,
  hash text not null,
  subject text not null,
  scopes text[] not null,
  signed_in_by text not null,
  link_id text,
  created_at timestamp(3) with time zone default now() not null,
  expires_at timestamp(3) with time zone not null,
  ended_at timestamp(3) with time zone,
  constraint desk_session_pkey PRIMARY KEY (id)
);

create table end_to_count (
  id bigint generated always as identity not null,
  requested_at timestamp(3) with time zone not null,
  provider text not null,
  service_line_id bigint,
  callee_phone text not null,
  old_end_reason text,
  old_ringing_at timestamp(3) with time zone,
  old_answered_at timestamp(3) with time zone,
  old_ended_at timestamp(3) with time zone,
  end_reason text,
  ringing_at timestamp(3) with time zone,
  answered_at timestamp(3) with time zone,
  ended_at timestamp(3) with time zone,
  constraint end_to_count_pkey PRIMARY KEY (id)
);

create table idempotent_request (
  principal text not null,
  key text not null,
  body_hash text not null,
  call_sid text not null,
  created_at timestamp(3) with time zone default now() not null,
  answered boolean default false not null,
  constraint idempotent_request_pkey PRIMARY KEY (principal, key)
);

create table open_call (
  call_sid text not null,
  caller_id bigint not null,
  callee_id bigint,
  taken_phone text,
  service_line_id bigint,
  line_slot integer,
  placed_by text,
  constraint open_call_pkey PRIMARY KEY (call_sid)
);

create table price (
  provider text not null,
  prefix text not null,
  per_minute bigint not null,
  step_seconds integer not null,
  connection bigint not null,
  constraint price_pkey PRIMARY KEY (provider, prefix),
  constraint price_not_negative CHECK (((per_minute >= 0) AND (connection >= 0) AND (step_seconds > 0)))
);

create table price_list (
  id smallint not null,
  version bigint not null,
  currency text,
  constraint price_list_pkey PRIMARY KEY (id),
  constraint price_list_one_row CHECK ((id = 1))
);

create table provider_turn (
  provider text not null,
  next_at timestamp with time zone not null,
  constraint provider_turn_pkey PRIMARY KEY (provider)
);

create table recent_calls (
  subject text not null,
  placed_at timestamp with time zone[] not null,
  callees text[],
  constraint recent_calls_pkey PRIMARY KEY (subject)
) with (fillfactor=70);

create table service_line (
  id bigint generated always as identity not null,
  name text not null,
  phone text not null,
  open boolean not null,
  "position" integer not null,
  hours json,
  calls_at_once integer,
  phone_with_extension text,
  shown json,
  phones json,
  hunt text,
  last_phone text,
  last_taken_at timestamp(3) with time zone,
  constraint service_line_pkey PRIMARY KEY (id)
);

create table statistics_progress (
  id smallint not null,
  fill_until timestamp(3) with time zone not null,
  next_at timestamp(3) with time zone,
  constraint statistics_progress_pkey PRIMARY KEY (id),
  constraint statistics_progress_one_row CHECK ((id = 1))
);

create table sub_account (
  user_id bigint not null,
  provider text not null,
  external_id text not null,
  secret text not null,
  key_name text,
  constraint sub_account_pkey PRIMARY KEY (user_id, provider)
);

create table sub_account_claim (
  user_id bigint not null,
  provider text not null,
  claim uuid not null,
  failed boolean default false not null,
  free_at timestamp with time zone not null,
  constraint sub_account_claim_pkey PRIMARY KEY (user_id, provider)
);

create table suppression (
  id bigint generated always as identity not null,
  phone text not null,
  reason text,
  source text,
  until timestamp(3) with time zone,
  created_at timestamp(3) with time zone default now() not null,
  constraint suppression_pkey PRIMARY KEY (id)
);

create table webhook_attempts (
  id bigint generated always as identity not null,
  endpoint_id bigint not null,
  call_sid text not null,
  change_number integer not null,
  started_at timestamp(3) with time zone default now() not null,
  duration_ms integer,
  status smallint,
  error text,
  response text,
  constraint webhook_attempts_pkey PRIMARY KEY (id, call_sid)
) partition by range (call_sid);

create table webhook_deliveries (
  endpoint_id bigint not null,
  call_sid text not null,
  change_number integer not null,
  state text default 'pending'::text not null,
  created_at timestamp(3) with time zone default now() not null,
  settled_at timestamp(3) with time zone,
  constraint webhook_deliveries_pkey PRIMARY KEY (endpoint_id, call_sid, change_number),
  constraint webhook_delivery_settled CHECK (((state = 'pending'::text) = (settled_at IS NULL))),
  constraint webhook_delivery_state_known CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text])))
) partition by range (call_sid);

create table webhook_endpoint (
  id bigint generated always as identity not null,
  url text not null,
  event_types text[],
  secret text not null,
  previous_secret text,
  previous_secret_until timestamp(3) with time zone,
  created_at timestamp(3) with time zone default now() not null,
  failing_since timestamp(3) with time zone,
  disabled_at timestamp(3) with time zone,
  disabled_reason text,
  constraint webhook_endpoint_pkey PRIMARY KEY (id),
  constraint webhook_endpoint_disabled_for_a_reason CHECK (((disabled_at IS NULL) = (disabled_reason IS NULL))),
  constraint webhook_endpoint_previous_secret_ends CHECK (((previous_secret IS NULL) = (previous_secret_until IS NULL)))
);

alter table sub_account add constraint sub_account_user FOREIGN KEY (user_id) REFERENCES app_user(id) ON DELETE CASCADE;

alter table sub_account_claim add constraint sub_account_claim_user FOREIGN KEY (user_id) REFERENCES app_user(id) ON DELETE CASCADE;

CREATE OR REPLACE FUNCTION public.call_end_to_count()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      begin
        insert into end_to_count (requested_at, provider, service_line_id, callee_phone,
          old_end_reason, old_ringing_at, old_answered_at, old_ended_at, end_reason, ringing_at, answered_at, ended_at)
        values (new.requested_at, new.provider, new.service_line_id, new.callee_phone,
          old.end_reason, old.ringing_at, old.answered_at, old.ended_at,
          new.end_reason, new.ringing_at, new.answered_at, new.ended_at);
        return null;
      end
      $function$;

CREATE OR REPLACE FUNCTION public.call_freeze_add_job(freeze_id bigint, endpoint_id bigint)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
      begin
        return (graphile_worker.add_job(
          'announce_freeze',
          json_build_object('endpointId', endpoint_id::text, 'freezeId', freeze_id::text),
          job_key => 'freeze:' || freeze_id || ':' || endpoint_id,
          max_attempts => 12,
          flags => array['endpoint:' || endpoint_id]
        )).id;
      end
      $function$;

CREATE OR REPLACE FUNCTION public.call_freeze_announce()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      declare
        endpoint bigint;
      begin
        for endpoint in
          select id from webhook_endpoint
          where disabled_at is null and (event_types is null or 'protection.frozen' = any (event_types))
          order by id
        loop
          perform call_freeze_add_job(new.id, endpoint);
        end loop;
        return null;
      end
      $function$;

CREATE OR REPLACE FUNCTION public.call_partitions_drop(before text)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET lock_timeout TO '100ms'
AS $function$
declare
  old record;
begin
  perform pg_advisory_xact_lock(hashtext('call partitions'));
  select * into old from call_partition one
  where end_call_sid <= before and case
    when table_name = 'call_records' then not exists (
      select from open_call where call_sid >= one.first_call_sid and call_sid < one.end_call_sid)
    else not exists (
      select from call_partition records
      where records.table_name = 'call_records'
        and records.first_call_sid < one.end_call_sid and records.end_call_sid > one.first_call_sid) end
  -- The first partition of attempts refers to that of deliveries.
  order by table_name = 'webhook_deliveries', table_name, end_call_sid limit 1;
  if not found then
    return null;
  end if;
  execute format('lock table only %I in access exclusive mode', old.table_name);
  if old.table_name = 'call_records' and exists (
    select from open_call where call_sid >= old.first_call_sid and call_sid < old.end_call_sid
  ) then
    return null;
  end if;
  execute format('drop table %I', old.name);
  return old.name;
end
$function$;

CREATE OR REPLACE FUNCTION public.call_partitions_make(month text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET lock_timeout TO '1s'
AS $function$
declare
  all_rows text;
  is_new boolean := false;
begin
  if month !~ '^\d\d(0[1-9]|1[0-2])$' then
    raise 'no month, as YYMM: %', month;
  end if;
  -- Of two replicas, the second finds the partitions of the first.
  perform pg_advisory_xact_lock(hashtext('call partitions'));
  foreach all_rows in array array['call_records', 'call_events', 'webhook_deliveries', 'webhook_attempts'] loop
    continue when exists (
      select from call_partition
      where table_name = all_rows and first_call_sid <= rpad(month, 32, '0') and end_call_sid > rpad(month, 32, '0')
    );
    execute format('create table %I (like %I including defaults including constraints)', all_rows || '_' || month, all_rows);
    execute format('alter table %I attach partition %I for values from (%L) to (%s)',
      all_rows, all_rows || '_' || month, rpad(month, 32, '0'),
      case when month = '9912' then 'maxvalue'
        else quote_literal(rpad(to_char(to_date(month, 'YYMM') + interval '1 month', 'YYMM'), 32, '0')) end);
    is_new := true;
  end loop;
  return is_new;
end
$function$;

CREATE OR REPLACE FUNCTION public.open_call_begins()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      begin
        insert into open_call (call_sid, caller_id, callee_id, taken_phone, service_line_id, line_slot, placed_by)
        values (new.call_sid, new.caller_id, new.callee_id, new.taken_phone, new.service_line_id, new.line_slot, new.placed_by)
        on conflict do nothing;
        if found then return new; end if;
        return null;
      end
      $function$;

CREATE OR REPLACE FUNCTION public.open_call_changes()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      begin
        if tg_op = 'DELETE' or new.state = 4 then
          delete from open_call where call_sid = old.call_sid;
        elsif old.state = 4 then
          insert into open_call (call_sid, caller_id, callee_id, taken_phone, service_line_id, line_slot, placed_by)
          values (new.call_sid, new.caller_id, new.callee_id, new.taken_phone, new.service_line_id, new.line_slot, new.placed_by);
        else
          update open_call
          set caller_id = new.caller_id, taken_phone = new.taken_phone, service_line_id = new.service_line_id,
            line_slot = new.line_slot
          where call_sid = old.call_sid;
        end if;
        return null;
      end
      $function$;

CREATE OR REPLACE FUNCTION public.user_name_parts(name text)
 RETURNS text[]
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
        declare
          characters text[] := string_to_array(lower(name), null);
        begin
          return characters || array(
            select one || next from unnest(characters, characters[2:]) as pair (one, next) where next is not null
          );
        end
      $function$;

CREATE OR REPLACE FUNCTION public.webhook_add_job(endpoint_id bigint, call_sid text)
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
      begin
        return (graphile_worker.add_job(
          'deliver',
          json_build_object('endpointId', endpoint_id::text, 'callSid', call_sid),
          job_key => webhook_job_key(endpoint_id, call_sid),
          flags => array['endpoint:' || endpoint_id]
        )).id;
      end
      $function$;

CREATE OR REPLACE FUNCTION public.webhook_add_jobs(call_sids text[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
      declare
        due_call text;
        due_endpoint bigint;
      begin
        perform set_config('synchronous_commit', 'off', true);
        for due_call in select distinct call_sid from unnest(call_sids) as call (call_sid) order by call_sid loop
          for due_endpoint in select id from webhook_endpoint where disabled_at is null order by id loop
            if exists (
              select from webhook_deliveries delivery
              where delivery.endpoint_id = due_endpoint and delivery.call_sid = due_call and delivery.state = 'pending'
            ) then
              -- Of two that add jobs for one call, the second sees what the first has added.
              perform from call_records where call_sid = due_call for update;
              if not exists (
                select from graphile_worker._private_jobs job where job.key = webhook_job_key(due_endpoint, due_call)
              ) then
                perform webhook_add_job(due_endpoint, due_call);
              end if;
            end if;
          end loop;
        end loop;
      end
      $function$;

CREATE OR REPLACE FUNCTION public.webhook_announce_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
  declare
    endpoint bigint;
  begin
    for endpoint in
      select id from webhook_endpoint
      where event_types is null or new.change::json ->> 'type' = any (event_types)
      order by id
    loop
      -- Whoever settles a delivery holds this row too. So the change before this one is either still pending, and hands on
      -- to this one when it is settled; or it is not, and this one needs a job of its own.
      perform from call_records where call_sid = new.call_sid for update;
      if coalesce(current_setting('ringback.jobs_after_commit', true), '') <> 'on' and not exists (
        select from webhook_deliveries delivery
        where delivery.endpoint_id = endpoint and delivery.call_sid = new.call_sid and delivery.state = 'pending'
      ) then
        perform webhook_add_job(endpoint, new.call_sid);
      end if;
      insert into webhook_deliveries (endpoint_id, call_sid, change_number)
      values (endpoint, new.call_sid, new.change_number);
    end loop;
    return null;
  end
  $function$;

CREATE OR REPLACE FUNCTION public.webhook_job_key(endpoint_id bigint, call_sid text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
AS $function$
        select 'deliver:' || endpoint_id || ':' || call_sid
      $function$;

CREATE OR REPLACE FUNCTION public.webhook_partitions_empty(before text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET lock_timeout TO '100ms'
AS $function$
declare
  old record;
begin
  for old in
    select deliveries.name as deliveries, attempts.name as attempts
    from call_partition deliveries join call_partition attempts using (end_call_sid)
    where deliveries.table_name = 'webhook_deliveries' and attempts.table_name = 'webhook_attempts' and end_call_sid <= before
      and pg_relation_size(format('public.%I', deliveries.name)::regclass)
        + pg_relation_size(format('public.%I', attempts.name)::regclass) > 0
  loop
    execute format('truncate %I, %I', old.deliveries, old.attempts);
  end loop;
end
$function$;

CREATE UNIQUE INDEX api_key_hash ON public.api_key USING btree (hash);

CREATE INDEX api_key_not_revoked ON public.api_key USING btree (id) WHERE (revoked_at IS NULL);

CREATE INDEX app_user_blocked ON public.app_user USING btree (id) WHERE blocked;

CREATE INDEX app_user_by_name ON public.app_user USING gin (user_name_parts(name));

CREATE INDEX app_user_by_phone ON public.app_user USING btree (phone, id);

CREATE UNIQUE INDEX app_user_external_id ON public.app_user USING btree (external_id);

CREATE INDEX audit_entry_by_action ON public.audit_entry USING btree (action, at, id);

CREATE INDEX audit_entry_by_subject ON public.audit_entry USING btree (subject, at, id);

CREATE INDEX audit_entry_by_target ON public.audit_entry USING btree (target, at, id);

CREATE INDEX audit_entry_by_time ON public.audit_entry USING btree (at, id);

CREATE UNIQUE INDEX budget_of_subject ON public.budget USING btree (kind, subject, period);

CREATE INDEX budget_use_by_start ON public.budget_use USING btree (period_start);

CREATE INDEX call_cost_to_settle ON public.call_cost USING btree (call_sid) WHERE (settled IS NULL);

CREATE INDEX call_events_call_sid ON ONLY public.call_events USING btree (call_sid, received_at);

CREATE UNIQUE INDEX call_events_change ON ONLY public.call_events USING btree (call_sid, change_number) WHERE (change_number IS NOT NULL);

CREATE INDEX call_events_written_by ON ONLY public.call_events USING btree (written_by) WHERE ((written_by IS NOT NULL) AND (change_number IS NOT NULL));

CREATE UNIQUE INDEX call_freeze_in_force ON public.call_freeze USING btree (kind, subject) WHERE (lifted_at IS NULL);

CREATE INDEX call_freeze_of_subject ON public.call_freeze USING btree (kind, subject, lifted_at);

CREATE INDEX call_records_by_callee ON ONLY public.call_records USING btree (callee_id, call_sid) WHERE (state = 4);

CREATE INDEX call_records_by_callee_phone ON ONLY public.call_records USING btree (callee_phone, call_sid) WHERE (state = 4);

CREATE INDEX call_records_by_caller ON ONLY public.call_records USING btree (caller_id, call_sid) WHERE (state = 4);

CREATE INDEX call_records_by_caller_phone ON ONLY public.call_records USING btree (caller_phone, call_sid) WHERE (state = 4);

CREATE INDEX call_records_by_end_reason ON ONLY public.call_records USING btree (end_reason, call_sid) WHERE (state = 4);

CREATE INDEX call_records_by_provider ON ONLY public.call_records USING btree (provider, call_sid) WHERE (state = 4);

CREATE INDEX call_records_open_at_provider ON ONLY public.call_records USING btree (provider, provider_call_id) WHERE (state < 4);

CREATE INDEX call_records_to_sweep ON ONLY public.call_records USING btree (sweep_at) WHERE (state < 4);

CREATE INDEX call_refusal_by_caller ON public.call_refusal USING btree (caller_id, at, id);

CREATE INDEX call_refusal_by_time ON public.call_refusal USING btree (at, id);

CREATE INDEX desk_session_by_end ON public.desk_session USING btree (expires_at);

CREATE UNIQUE INDEX desk_session_hash ON public.desk_session USING btree (hash);

CREATE UNIQUE INDEX desk_session_link ON public.desk_session USING btree (link_id);

CREATE INDEX idempotent_request_by_age ON public.idempotent_request USING btree (created_at);

CREATE UNIQUE INDEX open_call_of_callee ON public.open_call USING btree (taken_phone);

CREATE UNIQUE INDEX open_call_of_caller ON public.open_call USING btree (caller_id);

CREATE UNIQUE INDEX open_call_of_slot ON public.open_call USING btree (service_line_id, line_slot) WHERE (service_line_id IS NOT NULL);

CREATE INDEX service_line_order ON public.service_line USING btree ("position", id);

CREATE UNIQUE INDEX suppression_phone ON public.suppression USING btree (phone);

CREATE INDEX webhook_attempts_of_delivery ON ONLY public.webhook_attempts USING btree (endpoint_id, call_sid, change_number, id);

CREATE INDEX webhook_deliveries_pending ON ONLY public.webhook_deliveries USING btree (endpoint_id, call_sid, change_number) WHERE (state = 'pending'::text);

CREATE INDEX webhook_deliveries_recent ON ONLY public.webhook_deliveries USING btree (created_at) WHERE (settled_at IS NULL);

create view call_partition as
 SELECT parent.relname AS table_name,
    child.relname AS name,
    COALESCE("substring"(bound.bound, 'FROM \(''(\d{32})''\)'::text), ''::text) AS first_call_sid,
    COALESCE("substring"(bound.bound, 'TO \(''(\d{32})''\)'::text), repeat('9'::text, 33)) AS end_call_sid
   FROM pg_inherits
     JOIN pg_class parent ON parent.oid = pg_inherits.inhparent AND parent.relkind = 'p'::"char" AND parent.relnamespace = 'public'::regnamespace::oid
     JOIN pg_class child ON child.oid = pg_inherits.inhrelid
     CROSS JOIN LATERAL pg_get_expr(child.relpartbound, child.oid) bound(bound)
  WHERE parent.relname = ANY (ARRAY['call_records'::name, 'call_events'::name, 'webhook_deliveries'::name, 'webhook_attempts'::name]);

CREATE TRIGGER call_event_announces_its_change AFTER INSERT ON public.call_events FOR EACH ROW WHEN ((new.change IS NOT NULL)) EXECUTE FUNCTION webhook_announce_change();

CREATE TRIGGER call_freeze_is_announced AFTER INSERT ON public.call_freeze FOR EACH ROW EXECUTE FUNCTION call_freeze_announce();

CREATE TRIGGER call_record_begins BEFORE INSERT ON public.call_records FOR EACH ROW WHEN ((new.state < 4)) EXECUTE FUNCTION open_call_begins();

CREATE TRIGGER call_record_changes AFTER UPDATE ON public.call_records FOR EACH ROW WHEN ((((old.state = 4) <> (new.state = 4)) OR ((new.state < 4) AND ((old.caller_id <> new.caller_id) OR (old.taken_phone IS DISTINCT FROM new.taken_phone) OR (old.service_line_id IS DISTINCT FROM new.service_line_id) OR (old.line_slot IS DISTINCT FROM new.line_slot))))) EXECUTE FUNCTION open_call_changes();

CREATE TRIGGER call_record_is_counted AFTER UPDATE ON public.call_records FOR EACH ROW WHEN ((((old.state = 4) OR (new.state = 4)) AND ((old.end_reason IS DISTINCT FROM new.end_reason) OR (old.ringing_at IS DISTINCT FROM new.ringing_at) OR (old.answered_at IS DISTINCT FROM new.answered_at) OR (old.ended_at IS DISTINCT FROM new.ended_at)))) EXECUTE FUNCTION call_end_to_count();

CREATE TRIGGER call_record_is_removed AFTER DELETE ON public.call_records FOR EACH ROW WHEN ((old.state < 4)) EXECUTE FUNCTION open_call_changes();
