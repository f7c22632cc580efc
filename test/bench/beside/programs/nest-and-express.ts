/** A program by the documentation of NestJS: Express, passport-jwt and TypeORM's repositories. It logs no requests. */
import { createSecretKey } from 'node:crypto';
import {
  BadRequestException,
  Controller,
  Get,
  Headers,
  HttpCode,
  Injectable,
  Module,
  Param,
  Post,
  Req,
  UseGuards,
  type RawBodyRequest,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { Webhook } from 'standardwebhooks';
import { DataSource, Repository } from 'typeorm';
import { CallEvent } from '../../../../src/call/record/call-event.entity.js';
import { CallRecord } from '../../../../src/call/record/call-record.entity.js';
import { JWT_SECRET, readGiven, sayUrl, WEBHOOK_SECRET } from '../given.js';

interface WebhookBody {
  readonly type: 'call.ringing' | 'call.answered' | 'call.ended';
  readonly call: { readonly id: string; readonly reference: string };
  readonly occurredAt: string;
  readonly endReason?: 'completed';
}

@Injectable()
class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromUrlQueryParameter('access_token'),
      ignoreExpiration: false,
      // A string would be several times slower, and the comparison would be unfair.
      secretOrKey: createSecretKey(Buffer.from(JWT_SECRET)) as unknown as string,
    });
  }

  validate({ sub }: { sub: string }): { userId: string } {
    return { userId: sub };
  }
}

@Injectable()
class CallsService {
  constructor(
    @InjectRepository(CallRecord) private readonly calls: Repository<CallRecord>,
    private readonly database: DataSource,
  ) {}

  async stateOf(callSid: string, callerId: string): Promise<string> {
    const call = await this.calls.findOneBy({ callSid });
    if (call?.callerId !== callerId) throw new BadRequestException('用户信息有误!');
    return String(call.state);
  }

  advance(eventId: string, { type, call: { id, reference }, occurredAt: when, endReason }: WebhookBody): Promise<void> {
    return this.database.transaction(async (manager) => {
      const calls = manager.getRepository(CallRecord);
      const call = await calls.findOne({ where: { callSid: reference }, lock: { mode: 'pessimistic_write' } });
      if (!call) throw new BadRequestException('no such call');
      const occurredAt = new Date(when);
      const kind = ({ 'call.ringing': 'ringing', 'call.answered': 'answered', 'call.ended': 'ended' } as const)[type];
      const event = { provider: 'simulator', eventId, callSid: reference, type: kind, occurredAt };
      await manager.getRepository(CallEvent).insert(event);
      call.providerCallId = id;
      call.changes++;
      if (kind === 'ringing') Object.assign(call, { state: 2, ringingAt: occurredAt });
      if (kind === 'answered') Object.assign(call, { state: 3, answeredAt: occurredAt });
      if (kind === 'ended') Object.assign(call, { state: 4, endedAt: occurredAt, endReason, endedBy: 'provider' });
      await calls.save(call);
    });
  }
}

@Controller('v1')
class CallsController {
  private readonly webhook = new Webhook(WEBHOOK_SECRET);

  constructor(private readonly calls: CallsService) {}

  @Get('app/callState/:callSid')
  @UseGuards(AuthGuard('jwt'))
  async state(@Param('callSid') callSid: string, @Req() { user }: { user: { userId: string } }) {
    return {
      data: { stateType: await this.calls.stateOf(callSid, user.userId) },
      returnCode: 200,
      returnMsg: 'success',
    };
  }

  @Post('webhooks/simulator')
  @HttpCode(204)
  async receive(@Req() request: RawBodyRequest<object>, @Headers() headers: Record<string, string>): Promise<void> {
    const body = this.webhook.verify(request.rawBody ?? Buffer.alloc(0), headers) as WebhookBody;
    await this.calls.advance(headers['webhook-id'] ?? '', body);
  }
}

@Module({
  imports: [
    PassportModule,
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: readGiven().databaseUrl,
      poolSize: readGiven().poolSize,
      entities: [CallRecord, CallEvent],
    }),
    TypeOrmModule.forFeature([CallRecord]),
  ],
  controllers: [CallsController],
  providers: [CallsService, JwtStrategy],
})
class AppModule {}

const app = await NestFactory.create<NestExpressApplication>(AppModule, { rawBody: true, logger: ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
sayUrl(await app.getUrl());
