import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';

/** The longest token that a request head could carry. */
const LONGEST_TOKEN = 16_384;

export class DeskEntrance {
  @ApiPropertyOptional({
    description: 'An access token with a scope of the admin API; this or `link`.',
    maxLength: LONGEST_TOKEN,
    example: 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMDAxIn0.c2lnbmF0dXJl',
  })
  @IsOptional()
  @IsString({ message: 'must be a string' })
  @MaxLength(LONGEST_TOKEN, { message: `must have at most ${LONGEST_TOKEN} characters` })
  token?: string;

  @ApiPropertyOptional({
    description: 'What a one-time link has after `#`.',
    maxLength: LONGEST_TOKEN,
    example: 'eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiIxIn0.c2lnbmF0dXJl',
  })
  @IsOptional()
  @IsString({ message: 'must be a string' })
  @MaxLength(LONGEST_TOKEN, { message: `must have at most ${LONGEST_TOKEN} characters` })
  link?: string;
}

export class DeskSessionReply {
  @ApiProperty({ description: 'Of the token or link: whom the audit names.', example: '1001' })
  subject: string;

  @ApiProperty({ type: [String], description: 'Those of the admin API.', example: ['admin', 'admin:numbers'] })
  scopes: readonly string[];

  @ApiProperty({
    format: 'date-time',
    description: 'When the session ends by itself.',
    example: '2026-11-30T18:00:00.000Z',
  })
  expiresAt: Date;

  @ApiProperty({ description: 'The running version of the service.', example: '0.2.0' })
  version: string;
}

export class DeskSignInOptions {
  @ApiProperty({ description: 'Whether `OIDC_ISSUER` is set.', example: true })
  identityProvider: boolean;

  @ApiProperty({
    description: 'Whether the service accepts one-time links: `JWT_JWKS_URI` is not set.',
    example: false,
  })
  links: boolean;
}

export class DeskSignIn {
  @ApiProperty({
    description: 'The address of `/v1/desk/callback` as the browser sees it; registered at the identity provider.',
    maxLength: 2_000,
    example: 'https://calls.example.com/v1/desk/callback',
  })
  @IsString({ message: 'must be a string' })
  @MaxLength(2_000, { message: 'must have at most 2000 characters' })
  redirectUri: string;
}

export class DeskSignInReply {
  @ApiProperty({
    description: 'Where the browser goes to sign in.',
    example: 'https://id.example.com/authorize?client_id=ringback',
  })
  location: string;
}
