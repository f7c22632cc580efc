// The running version survives it: it does not know the tables, and places calls that no budget counts.
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Prices, budgets, and what each call takes from them. */
export class KeepMoney1764800000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query(`
      create table price_list (
        id smallint not null,
        version bigint not null,
        currency text,
        constraint price_list_pkey primary key (id),
        constraint price_list_one_row check (id = 1)
      )
    `);
    await queryRunner.query('insert into price_list (id, version) values (1, 0)');
    await queryRunner.query(`
      create table price (
        provider text not null,
        prefix text not null,
        per_minute bigint not null,
        step_seconds integer not null,
        connection bigint not null,
        constraint price_pkey primary key (provider, prefix),
        constraint price_not_negative check (per_minute >= 0 and connection >= 0 and step_seconds > 0)
      )
    `);
    await queryRunner.query(`
      create table budget (
        id bigint generated always as identity,
        kind text not null,
        subject text not null,
        period text not null,
        amount bigint not null,
        time_zone text not null,
        constraint budget_pkey primary key (id),
        constraint budget_kind_known check (kind in ('all', 'user', 'sub_account')),
        constraint budget_period_known check (period in ('day', 'month')),
        constraint budget_not_negative check (amount >= 0)
      )
    `);
    await queryRunner.query('create unique index budget_of_subject on budget (kind, subject, period)');
    await queryRunner.query(`
      create table budget_use (
        budget_id bigint not null,
        subject text not null,
        period_start timestamptz not null,
        settled bigint not null,
        reserved bigint not null,
        constraint budget_use_pkey primary key (budget_id, subject, period_start),
        constraint budget_use_not_negative check (settled >= 0 and reserved >= 0)
      ) with (fillfactor = 50)
    `);
    await queryRunner.query('create index budget_use_by_start on budget_use (period_start)');
    await queryRunner.query(`
      create table call_cost (
        call_sid text not null,
        reserved bigint not null,
        settled bigint,
        prices jsonb not null,
        budgets bigint[] not null,
        subjects text[] not null,
        period_starts timestamptz[] not null,
        constraint call_cost_pkey primary key (call_sid),
        constraint call_cost_within_reserved check (settled between 0 and reserved)
      )
    `);
    await queryRunner.query('create index call_cost_to_settle on call_cost (call_sid) where settled is null');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`set local lock_timeout = '2s'`);
    await queryRunner.query('drop table price_list, price, budget, budget_use, call_cost');
  }
}
