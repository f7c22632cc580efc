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

  @ApiProperty({ description: 'The result of a request just now.', example: true })
  isReachable: boolean;

  @ApiProperty({
    description: 'Whether this replica’s circuit for dials is open, after ten failures in a row.',
    example: false,
  })
  isLeftAlone: boolean;

  @ApiProperty({ type: 'integer', description: 'Its open calls, from all replicas.', example: 3 })
  openCalls: number;

  @ApiProperty({ type: LimitsReply })
  limits: LimitsReply;

  @ApiProperty({ description: 'Whether a user’s first call creates a sub-account there.', example: false })
  makesSubAccounts: boolean;

  @ApiProperty({
    description: 'Whether a user without a sub-account there calls under the account of the service.',
    example: false,
  })
  sharesAccount: boolean;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Its settings in use. Of a secret, only that it is set.',
    example: { TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_AUTH_TOKEN: '(set)' },
  })
  settings: Readonly<Record<string, string>>;
}

class RouteReply {
  @ApiProperty({
    description: 'A number prefix or a two-letter country; empty if it matches every number.',
    example: '+86',
  })
  to: string;

  @ApiProperty({ type: [String], description: 'In this order.', example: ['yuntongxun', 'twilio'] })
  providers: readonly string[];
}

export class ProviderList {
  @ApiProperty({ type: [ProviderReply] })
  items: readonly ProviderReply[];

  @ApiProperty({ type: [RouteReply], description: 'The first one that matches the callee’s number is used.' })
  routes: readonly RouteReply[];
}
