import { ApiQuery } from '@nestjs/swagger';

/** No `default`: Swagger UI would send it, and turn every plain poll into a long poll. */
const parameter = (name: string, maximum: number, example: number, description: string) =>
  ApiQuery({
    name,
    required: false,
    description: `Long poll, 0 to ${maximum}: ${description}`,
    schema: { type: 'integer', minimum: 0, maximum, example },
  });

export const longPollParameters = () => [
  parameter('after', 4, 1, 'reply when the state is greater than this. Default: 0.'),
  parameter('afterNumber', 1_000_000, 2, 'instead of `after`, reply when a change has a greater number.'),
  parameter('wait', 60, 25, 'maximum wait in seconds. Default: 25.'),
];
