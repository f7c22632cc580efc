/**
 * Records the plan of each statement as the service sent it, including a plan that its connection had cached. It uses
 * auto_explain, which PostgreSQL includes. Statements inside functions, triggers and foreign keys are recorded too.
 */
import type { NoticeMessage } from 'pg-protocol/dist/messages.js';
import type { DataSource } from 'typeorm';
import { Client, type Pool } from 'pg';
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

/** @param database with a pool of one connection, because only one connection is recorded */
export const recordPlans = async ({ driver }: DataSource): Promise<PlanRecorder> => {
  const recorded: RecordedPlan[] = [];
  const connection = await (driver as unknown as { readonly master: Pool }).master.connect();
  connection.on('notice', ({ message }: Pick<NoticeMessage, 'message'>) => {
    const json = /plan:\n(\{.*)$/s.exec(message ?? '')?.[1];
    if (json === undefined) return;
    const { 'Query Text': text, Plan } = JSON.parse(json) as { 'Query Text': string; Plan: PlanNode };
    recorded.push({ text: text.trim(), ...planFrom(Plan) });
  });
  connection.release();
  return { take: () => recorded.splice(0) };
};
