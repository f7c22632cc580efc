import { ApiProperty } from '@nestjs/swagger';

class LimitsReply {
  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Of all replicas together; `null` is no limit.',
    example: 1,
  })
  callsPerSecond: number | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Of all replicas together; `null` is no limit.',
    example: 50,
  })
  callsAtOnce: number | null;
}

class ProviderReply {
  @ApiProperty({ example: 'twilio' })
  name: string;

  @ApiProperty({ description: 'Asked just now.', example: true })
  isReachable: boolean;

  @ApiProperty({
    description: 'Whether this replica dials there no more for the moment, because it has failed ten times in a row.',
    example: false,
  })
  isLeftAlone: boolean;

  @ApiProperty({ type: 'integer', description: 'Calls that it carries, of all replicas.', example: 3 })
  openCalls: number;

  @ApiProperty({ type: LimitsReply })
  limits: LimitsReply;

  @ApiProperty({ description: 'Whether a user’s first call has a sub-account made there.', example: false })
  makesSubAccounts: boolean;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Its settings as they are in use. Of a secret it is told only whether it is set.',
    example: { TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_AUTH_TOKEN: '(set)' },
  })
  settings: Readonly<Record<string, string>>;
}

class RouteReply {
  @ApiProperty({
    description: 'The beginning of a number, or a two-letter country; empty where it fits every number.',
    example: '+86',
  })
  to: string;

  @ApiProperty({ type: [String], description: 'In this order.', example: ['yuntongxun', 'twilio'] })
  providers: readonly string[];
}

export class ProviderList {
  @ApiProperty({ type: [ProviderReply] })
  items: readonly ProviderReply[];

  @ApiProperty({ type: [RouteReply], description: 'The first that fits a callee’s number decides.' })
  routes: readonly RouteReply[];
}
