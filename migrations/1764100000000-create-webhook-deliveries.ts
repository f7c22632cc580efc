// The running version survives it: without an endpoint the trigger does nothing.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Webhooks to the app's backend.
 *
 * A trigger writes the deliveries, and not the statements that change a call: so no code path, and nobody at a psql prompt
 * either, can change a record without its delivery, and the hot statements stay as they are.
 *
 * A delivery refers to its endpoint by id alone: a foreign key would lock the endpoint's row at every change of every call,
 * and have a request that removes an endpoint wait until a month of deliveries is removed.
 */
export class CreateWebhookDeliveries1764100000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      create table webhook_endpoint (
        id bigint generated always as identity constraint webhook_endpoint_pkey primary key,
        url text not null,
        event_types text[],
        secret text not null,
        previous_secret text,
        previous_secret_until timestamptz(3),
        created_at timestamptz(3) not null default now(),
        failing_since timestamptz(3),
        disabled_at timestamptz(3),
        disabled_reason text,
        constraint webhook_endpoint_disabled_for_a_reason check ((disabled_at is null) = (disabled_reason is null)),
        constraint webhook_endpoint_previous_secret_ends
          check ((previous_secret is null) = (previous_secret_until is null))
      );

      create table webhook_delivery (
        endpoint_id bigint not null,
        call_sid text not null,
        change_number integer not null,
        state text not null default 'pending',
        created_at timestamptz(3) not null default now(),
        settled_at timestamptz(3),
        constraint webhook_delivery_pkey primary key (endpoint_id, call_sid, change_number),
        constraint webhook_delivery_state_known check (state in ('pending', 'delivered', 'failed')),
        constraint webhook_delivery_settled check ((state = 'pending') = (settled_at is null))
      );
      create index webhook_delivery_pending on webhook_delivery (endpoint_id, call_sid, change_number)
        where state = 'pending';

      create table webhook_attempt (
        id bigint generated always as identity constraint webhook_attempt_pkey primary key,
        endpoint_id bigint not null,
        call_sid text not null,
        change_number integer not null,
        started_at timestamptz(3) not null default now(),
        duration_ms integer,
        status smallint,
        error text,
        response text,
        constraint webhook_attempt_delivery foreign key (endpoint_id, call_sid, change_number)
          references webhook_delivery (endpoint_id, call_sid, change_number) on delete cascade
      );
      create index webhook_attempt_of_delivery on webhook_attempt (endpoint_id, call_sid, change_number, id);

      create function webhook_job_key(endpoint_id bigint, call_sid text) returns text language sql immutable as $$
        select 'deliver:' || endpoint_id || ':' || call_sid
      $$;

      -- The one place that says what a job is. The flag lets a worker leave an endpoint alone that keeps it busy.
      create function webhook_add_job(endpoint_id bigint, call_sid text) returns bigint language plpgsql as $$
      begin
        return (graphile_worker.add_job(
          'deliver',
          json_build_object('endpointId', endpoint_id::text, 'callSid', call_sid),
          job_key => webhook_job_key(endpoint_id, call_sid),
          flags => array['endpoint:' || endpoint_id]
        )).id;
      end
      $$;

      create function webhook_announce_change() returns trigger language plpgsql as $$
      declare
        endpoint bigint;
      begin
        for endpoint in
          select id from webhook_endpoint
          where event_types is null or new.change::json ->> 'type' = any (event_types)
          order by id
        loop
          -- Whoever settles a delivery holds this row too. So the change before this one is either still pending, and
          -- hands on to this one when it is settled; or it is not, and this one needs a job of its own.
          perform from call_record where call_sid = new.call_sid for update;
          if not exists (
            select from webhook_delivery delivery
            where delivery.endpoint_id = endpoint and delivery.call_sid = new.call_sid and delivery.state = 'pending'
          ) then
            perform webhook_add_job(endpoint, new.call_sid);
          end if;
          insert into webhook_delivery (endpoint_id, call_sid, change_number)
          values (endpoint, new.call_sid, new.change_number);
        end loop;
        return null;
      end
      $$;

      create trigger call_event_announces_its_change after insert on call_event
        for each row when (new.change is not null) execute function webhook_announce_change();
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      drop trigger call_event_announces_its_change on call_event;
      drop function webhook_announce_change();
      drop function webhook_add_job(bigint, text);
      drop function webhook_job_key(bigint, text);
      drop table webhook_attempt, webhook_delivery, webhook_endpoint;
    `);
  }
}
