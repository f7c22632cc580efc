import type { DataSource } from 'typeorm';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import type { StateType } from './call-lifecycle.js';

export interface OpenCalls {
  readonly provider: string;
  readonly state: StateType;
  readonly calls: number;
}

const countThem = preparedStatement<OpenCalls>(
  'open-calls',
  'select provider, state, count(*)::int as calls from call_records where state < 4 group by provider, state',
);

/** Of all replicas. */
export const countOpenCalls = (database: DataSource): Promise<OpenCalls[]> => countThem(database, []);
