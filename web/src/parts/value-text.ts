/** What the service or a provider has written, as a line of text. */
export const valueText = (value: unknown): string => {
  if (typeof value === 'string') return value === '' ? '""' : value;
  if (Array.isArray(value)) return value.map(valueText).join(value.some(isObject) ? '; ' : ', ') || '[]';
  if (!isObject(value)) return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, one]) => `${name} ${valueText(one)}`);
  return fields.join(', ') || '{}';
};

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
