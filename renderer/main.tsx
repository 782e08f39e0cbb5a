// The window starts: connection, workspace, theme, React.
import { start } from './app/start.tsx';
import { openPort, takeToken } from './gateway/ws-port.ts';

const token = takeToken();
start(openPort, token);
