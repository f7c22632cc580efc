import { Inject, Module, type BeforeApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { CONFIG, type Config } from '../config/config.js';
import { ProviderChoice } from './provider-choice.js';
import { SimulatorProvider } from './simulator/simulator.provider.js';
