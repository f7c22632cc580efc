/**
 * Records the plan of each statement as the service sent it, including a plan that its connection had cached. It uses
 * auto_explain, which PostgreSQL includes. Statements inside functions, triggers and foreign keys are recorded too.
 */
import type { DataSource } from 'typeorm';
import { Client, type ClientBase, type Pool } from 'pg';
import { planFrom, type PlanNode, type QueryPlan } from './query-plan.js';

export interface RecordedPlan extends QueryPlan {
  readonly text: string;
}

export interface PlanRecorder {
  /** The plans since the last call. */
  take(): RecordedPlan[];
}

const SETTINGS = {
  session_preload_libraries: 'auto_explain',
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_buffers': 'on',
  'auto_explain.log_timing': 'off',
  'auto_explain.log_nested_statements': 'on',
  'auto_explain.log_format': 'json',
  'auto_explain.log_level': 'notice',
};

/** For every connection that is opened from now on. */
export const explainEverything = async (databaseUrl: string): Promise<void> => {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  // A connection has the settings of a library only after it has loaded it.
  await client.query(`load 'auto_explain'`);
  const name = client.escapeIdentifier(new URL(databaseUrl).pathname.slice(1));
  for (const [setting, value] of Object.entries(SETTINGS)) {
    await client.query(`alter database ${name} set ${setting} = '${value}'`);
  }
  await client.end();
};

/** Of all connections of a pool, also of one that replaces another. */
export const recordPlans = async ({ driver }: DataSource): Promise<PlanRecorder> => {
  const recorded: RecordedPlan[] = [];
  const { master } = driver as unknown as { readonly master: Pool };
  const record = (connection: ClientBase): void => {
    connection.on('notice', ({ message }) => {
      const json = /plan:\n(\{.*)$/s.exec(message ?? '')?.[1];
      if (json === undefined) return;
      const { 'Query Text': text, Plan } = JSON.parse(json) as { 'Query Text': string; Plan: PlanNode };
      recorded.push({ text: text.trim(), ...planFrom(Plan) });
    });
  };
  const open = await Promise.all(Array.from({ length: Math.max(1, master.totalCount) }, () => master.connect()));
  for (const connection of open) {
    record(connection);
    connection.release();
  }
  master.on('connect', record);
  return { take: () => recorded.splice(0) };
};
