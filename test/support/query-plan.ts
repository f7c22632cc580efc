/** What PostgreSQL did for a statement, according to EXPLAIN. */
import type { EntityManager } from 'typeorm';

/** The JSON of EXPLAIN and auto_explain. */
export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly PlanNode[];
}

export interface QueryPlan {
  /** Node types, each once; scans with the name of the table or index. */
  readonly nodes: readonly string[];
  /** Buffers of 8 KB, without those of planning. */
  readonly buffers: number;
  /** Rows that scans read, including rows that a filter removed. */
  readonly rowsRead: number;
  /** Rows in the largest sort. */
  readonly rowsSorted: number;
}

export const planOf = async (
  database: Pick<EntityManager, 'query'>,
  { text, values }: { readonly text: string; readonly values: readonly unknown[] },
): Promise<QueryPlan> => {
  const [answer] = await database.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }[]>(
    `explain (analyze, buffers, format json) ${text}`,
    [...values],
  );
  const [explained] = answer?.['QUERY PLAN'] ?? [];
  if (!explained) throw new Error('EXPLAIN has explained nothing');
  return planFrom(explained.Plan);
};

export const planFrom = (root: PlanNode): QueryPlan => {
  const nodes = withAllBelow(root);
  return {
    nodes: [...new Set(nodes.map(nameOf))],
    buffers: root['Shared Hit Blocks'] + root['Shared Read Blocks'],
    rowsRead: sum(nodes.filter((node) => node['Relation Name'] !== undefined).map(rowsReadBy)),
    rowsSorted: Math.max(0, ...nodes.filter(isSort).map((node) => sum((node.Plans ?? []).map(rowsOf)))),
  };
};

const withAllBelow = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(withAllBelow)];

const nameOf = (node: PlanNode): string =>
  [node['Node Type'], node['Index Name'] ?? node['Relation Name']].filter(Boolean).join(' ');

const isSort = (node: PlanNode): boolean => node['Node Type'].includes('Sort');

const rowsOf = (node: PlanNode): number => node['Actual Rows'] * node['Actual Loops'];

const rowsReadBy = (node: PlanNode): number =>
  rowsOf(node) +
  ((node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) * node['Actual Loops'];

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
