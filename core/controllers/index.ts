// The one array of controllers; `startControllers` runs those asked for.
import type { Controller } from './controller.ts';
import { deploymentController } from './deployment/controller.ts';
import { replicaSetController, replicationControllerController } from './replicaset/controller.ts';

export const controllers: readonly Controller[] = [deploymentController, replicaSetController, replicationControllerController];
