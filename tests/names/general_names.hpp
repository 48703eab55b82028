#pragma once

// Names that programs of any kind have in their global namespace. None may be one of dlfs, or it
// would be ambiguous after `using namespace dlfs`; what NumPy has under such a name is not listed,
// see docs/names.md.
//
// clang-format off

// Types
#define DLFS_TEST_GENERAL_TYPES(X)                                                                             \
  X(Action)                                                                                                    \
  X(Activation)                                                                                                \
  X(Address) X(Align) X(Angle) X(App) X(Array) X(Axis) X(Batch) X(Bitmap) X(Block) X(Box) X(                   \
      Brush) X(Buffer) X(Button) X(Bytes) X(Cache) X(Callback) X(Camera) X(Canvas) X(Cell)                     \
      X(Channel) X(Character) X(Choice) X(Circle) X(Client) X(Clock) X(Codec) X(Color) X(                      \
          Column) X(Command) X(Complex) X(Component) X(Compression) X(Config) X(Connection)                    \
          X(Context) X(Controller) X(Coordinate) X(Counter) X(Cursor) X(Data) X(Database) X(                   \
              Date) X(Device) X(Dictionary) X(Direction) X(Display) X(Distribution) X(Document)                \
              X(Driver) X(Duration) X(Edge) X(Edges) X(Encoding) X(Engine) X(Entity) X(Entry) X(               \
                  Event) X(Exception) X(Face) X(Fan) X(Field) X(File) X(Filter) X(Flags) X(Font)               \
                  X(Format) X(Frame) X(Function) X(Game) X(Grid) X(Group) X(Handle) X(                \
                      Handler) X(Header) X(Heap) X(Image) X(Input) X(Instance) X(Interval) X(Item) X(Iterator) \
                      X(Job) X(Join) X(Key) X(Kind) X(                                                         \
                          Level) X(Line) X(Link) X(List) X(Location) X(Lock) X(Logger)                         \
                          X(Machine) X(Manager) X(Map) X(Mask) X(Material) X(Matrix) X(                        \
                              Memory) X(Mesh) X(Message) X(Mode) X(Model) X(Module)                            \
                              X(Mouse) X(Mutex) X(Name) X(Network) X(Node) X(                                  \
                                  Normalization) X(Number) X(Object) X(Operation) X(Option) X(Options)         \
                                  X(Order) X(Output) X(Packet) X(Page) X(Pair) X(                              \
                                      Panel) X(Params) X(Parser) X(Part) X(Path) X(Pattern)                    \
                                      X(Pixel) X(Plan) X(Player) X(Plugin) X(Point) X(Pool) X(Position) X(     \
                                          Printer) X(Priority) X(Process) X(Property) X(Queue) X(Range)        \
                                          X(Ratio) X(Reader) X(Record) X(Rect) X(Region) X(Registry) X(        \
                                              Request) X(Resource) X(Response) X(Result) X(Role) X(Root)       \
                                              X(Row) X(Rows) X(Rule) X(Sample) X(Sampling) X(Scalar) X(        \
                                                  Scale) X(Scene) X(Schedule) X(Scheduler)                     \
                                                  X(Scope) X(Screen) X(Section) X(Segment) X(                  \
                                                      Selection) X(Sensor) X(Server) X(Service)                \
                                                      X(Session) X(Settings) X(Shader) X(                      \
                                                          Signal) X(Size) X(Socket)                            \
                                                          X(Sound) X(Source) X(Sprite) X(Stack) X(             \
                                                              State) X(Statistics) X(Status) X(Step) X(Stream) \
                                                              X(String) X(Style) X(Symbol) X(                  \
                                                                  System) X(Table) X(Tag)                      \
                                                                  X(Target) X(Task) X(Term) X(Test) X(         \
                                                                      Text) X(Texture)                         \
                                                                      X(Thread) X(Tile) X(Time) X(             \
                                                                          Timer) X(Timestamp) X(Token)         \
                                                                          X(Transform) X(Tree) X(Type) X(      \
                                                                              Unit) X(User)                    \
                                                                              X(Value) X(Variable) X(          \
                                                                                  Vector) X(Version)           \
                                                                                  X(Vertex) X(View) X(         \
                                                                                      Visitor) X(Voice)        \
                                                                                      X(Widget) X(             \
                                                                                          Window)              \
                                                                                          X(Worker)            \
                                                                                              X(Writer)

// Functions and variables
#define DLFS_TEST_GENERAL_FUNCTIONS(X)                                                             \
  X(add)                                                                                           \
  X(apply)                                                                                         \
  X(append) X(begin) X(build) X(check) X(clear) X(compare) X(compute) X(convert) X(count)          \
      X(create) X(data) X(debug) X(decode) X(destroy) X(draw) X(each) X(encode) X(end) X(error)    \
          X(execute) X(exit_code) X(filter) X(find) X(finish) X(fit) X(format) X(forward)          \
              X(backward) X(generate) X(get) X(handle) X(height) X(index) X(init) X(insert)        \
                  X(join) X(length) X(level) X(load) X(lock) X(log_error) X(main_loop) X(make)     \
                      X(map) X(match) X(merge) X(name) X(next) X(normalize) X(number) X(parse)     \
                          X(path) X(plot) X(pop) X(position) X(predict) X(print) X(process)        \
                              X(push) X(query) X(queue) X(random) X(read) X(receive) X(reduce)     \
                                  X(release) X(remove) X(render) X(replace) X(report) X(reset)     \
                                      X(resize) X(result) X(rotate) X(run) X(sample) X(save)       \
                                          X(scale) X(scan) X(search) X(seed) X(send) X(set)        \
                                              X(show) X(shuffle) X(size) X(skip) X(solve) X(start) \
                                                  X(state) X(status) X(step) X(stop) X(store)      \
                                                      X(test) X(trace) X(train) X(transform)       \
                                                          X(translate) X(unlock) X(update)         \
                                                              X(usage) X(validate) X(value)        \
                                                                  X(verify) X(visit) X(walk)       \
                                                                      X(width) X(zip)
