// Beginnings to create from. Every one is a whole manifest that a cluster accepts as it stands.

export interface Template { id: string; text: string }

const deployment = (name = 'web'): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels:
    app: ${name}
spec:
  replicas: 2
  selector:
    matchLabels:
      app: ${name}
  template:
    metadata:
      labels:
        app: ${name}
    spec:
      containers:
      - name: ${name}
        image: nginx:1.12.0
        ports:
        - containerPort: 80
        readinessProbe:
          httpGet:
            path: /
            port: 80
        resources:
          requests:
            cpu: 50m
            memory: 32Mi
          limits:
            memory: 128Mi
`;
const service = (name = 'web'): string => `apiVersion: v1
kind: Service
metadata:
  name: ${name}
spec:
  selector:
    app: ${name}
  ports:
  - name: http
    port: 80
    targetPort: 80
`;

export const templates: readonly Template[] = [
  { id: 'app', text: `${deployment()}---\n${service()}` },
  { id: 'deployment', text: deployment() },
  { id: 'pod', text: `apiVersion: v1
kind: Pod
metadata:
  name: shell
spec:
  containers:
  - name: shell
    image: alpine
    command: ["sleep", "3600"]
` },
  { id: 'service', text: service() },
  { id: 'configMap', text: `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  LOG_LEVEL: info
  app.conf: |
    workers = 4
` },
  { id: 'secret', text: `apiVersion: v1
kind: Secret
metadata:
  name: credentials
type: Opaque
stringData:
  user: ada
  password: change-me
` },
  { id: 'job', text: `apiVersion: batch/v1
kind: Job
metadata:
  name: once
spec:
  backoffLimit: 3
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: once
        image: alpine
        command: ["sh", "-c", "echo done"]
` },
  { id: 'cronJob', text: `apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: OnFailure
          containers:
          - name: nightly
            image: alpine
            command: ["sh", "-c", "date"]
` },
  { id: 'statefulSet', text: `apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: db
spec:
  serviceName: db
  replicas: 1
  selector:
    matchLabels:
      app: db
  template:
    metadata:
      labels:
        app: db
    spec:
      containers:
      - name: db
        image: redis
        ports:
        - containerPort: 6379
` },
  { id: 'ingress', text: `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  rules:
  - host: web.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend:
          service:
            name: web
            port:
              number: 80
` },
  { id: 'namespace', text: 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: team\n' },
  { id: 'claim', text: `apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
spec:
  accessModes: ["ReadWriteOnce"]
  resources:
    requests:
      storage: 1Gi
` },
];
