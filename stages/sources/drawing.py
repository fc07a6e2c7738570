"""Drawn faces and objects for the demo data: pictures whose variety a small model can learn."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

FACE = 250  # pixels of each side, as in LFW
OBJECT = 32  # pixels of each side, as in CIFAR-10
SCALE = 4  # objects are drawn this many times larger and then reduced

SKIN = [(255, 224, 196), (241, 194, 160), (224, 172, 125), (198, 134, 86), (141, 85, 49), (92, 56, 34)]
HAIR = [(20, 16, 14), (62, 40, 26), (112, 70, 36), (176, 132, 76), (214, 190, 130), (150, 150, 150), (140, 52, 28)]

# outlines in a unit square, y downwards: e ellipse (box), p polygon (points); 0 main tone, 1 second tone, 2 dark
SHAPES: dict[str, list[tuple[str, int, tuple[float, ...]]]] = {
    "airplane": [
        ("e", 0, (0.05, 0.42, 0.95, 0.58)),
        ("p", 1, (0.42, 0.5, 0.6, 0.5, 0.42, 0.95, 0.3, 0.95)),
        ("p", 1, (0.42, 0.5, 0.6, 0.5, 0.42, 0.05, 0.3, 0.05)),
        ("p", 0, (0.05, 0.5, 0.2, 0.5, 0.08, 0.25, 0.0, 0.25)),
    ],
    "automobile": [
        ("p", 0, (0.02, 0.5, 0.98, 0.5, 0.98, 0.72, 0.02, 0.72)),
        ("p", 1, (0.2, 0.5, 0.32, 0.3, 0.68, 0.3, 0.82, 0.5)),
        ("e", 2, (0.12, 0.62, 0.34, 0.84)),
        ("e", 2, (0.66, 0.62, 0.88, 0.84)),
    ],
    "bird": [
        ("e", 0, (0.2, 0.4, 0.7, 0.75)),
        ("e", 0, (0.58, 0.22, 0.84, 0.48)),
        ("p", 1, (0.3, 0.55, 0.6, 0.55, 0.15, 0.1)),
        ("p", 2, (0.82, 0.32, 1.0, 0.38, 0.82, 0.42)),
        ("p", 1, (0.25, 0.55, 0.0, 0.75, 0.1, 0.5)),
    ],
    "cat": [
        ("p", 0, (0.15, 0.4, 0.18, 0.02, 0.45, 0.25)),
        ("p", 0, (0.85, 0.4, 0.82, 0.02, 0.55, 0.25)),
        ("e", 0, (0.12, 0.18, 0.88, 0.9)),
        ("e", 2, (0.28, 0.42, 0.42, 0.56)),
        ("e", 2, (0.58, 0.42, 0.72, 0.56)),
        ("p", 1, (0.44, 0.62, 0.56, 0.62, 0.5, 0.72)),
    ],
    "deer": [
        ("e", 0, (0.15, 0.5, 0.75, 0.75)),
        ("p", 0, (0.62, 0.58, 0.7, 0.3, 0.88, 0.34, 0.76, 0.62)),
        ("p", 2, (0.72, 0.32, 0.55, 0.02, 0.6, 0.02, 0.68, 0.14, 0.72, 0.0, 0.76, 0.0, 0.76, 0.32)),
        ("p", 2, (0.78, 0.32, 0.98, 0.02, 0.93, 0.02, 0.86, 0.14)),
        ("p", 1, (0.22, 0.65, 0.28, 0.65, 0.27, 1.0, 0.22, 1.0)),
        ("p", 1, (0.6, 0.65, 0.66, 0.65, 0.65, 1.0, 0.6, 1.0)),
    ],
    "dog": [
        ("e", 0, (0.2, 0.12, 0.8, 0.85)),
        ("e", 1, (0.02, 0.15, 0.28, 0.75)),
        ("e", 1, (0.72, 0.15, 0.98, 0.75)),
        ("e", 1, (0.34, 0.52, 0.66, 0.9)),
        ("e", 2, (0.42, 0.52, 0.58, 0.64)),
        ("e", 2, (0.32, 0.34, 0.42, 0.44)),
        ("e", 2, (0.58, 0.34, 0.68, 0.44)),
    ],
    "frog": [
        ("e", 0, (0.05, 0.4, 0.95, 0.85)),
        ("e", 1, (0.0, 0.65, 0.3, 0.95)),
        ("e", 1, (0.7, 0.65, 1.0, 0.95)),
        ("e", 0, (0.2, 0.2, 0.42, 0.5)),
        ("e", 0, (0.58, 0.2, 0.8, 0.5)),
        ("e", 2, (0.26, 0.25, 0.36, 0.38)),
        ("e", 2, (0.64, 0.25, 0.74, 0.38)),
    ],
    "horse": [
        ("e", 0, (0.12, 0.38, 0.72, 0.68)),
        ("p", 0, (0.56, 0.5, 0.72, 0.08, 0.98, 0.22, 0.94, 0.34, 0.82, 0.3, 0.72, 0.58)),
        ("p", 2, (0.58, 0.42, 0.66, 0.06, 0.74, 0.08, 0.66, 0.44)),
        ("p", 2, (0.16, 0.42, 0.0, 0.8, 0.1, 0.78, 0.22, 0.5)),
        ("p", 0, (0.18, 0.58, 0.27, 0.58, 0.27, 1.0, 0.19, 1.0)),
        ("p", 0, (0.58, 0.58, 0.67, 0.58, 0.66, 1.0, 0.58, 1.0)),
    ],
    "ship": [
        ("p", 0, (0.0, 0.66, 1.0, 0.66, 0.84, 0.92, 0.14, 0.92)),
        ("p", 2, (0.48, 0.06, 0.52, 0.06, 0.52, 0.68, 0.48, 0.68)),
        ("p", 1, (0.54, 0.08, 0.9, 0.58, 0.54, 0.58)),
        ("p", 1, (0.46, 0.2, 0.46, 0.58, 0.18, 0.58)),
    ],
    "truck": [
        ("p", 1, (0.02, 0.15, 0.66, 0.15, 0.66, 0.74, 0.02, 0.74)),
        ("p", 0, (0.68, 0.36, 0.86, 0.36, 0.98, 0.55, 0.98, 0.74, 0.68, 0.74)),
        ("e", 2, (0.06, 0.66, 0.26, 0.88)),
        ("e", 2, (0.36, 0.66, 0.56, 0.88)),
        ("e", 2, (0.74, 0.66, 0.94, 0.88)),
    ],
}


def backdrop(rng: np.random.Generator, size: int, spots: int) -> Image.Image:
    """A soft pattern of spots x spots random colours, size x size."""
    coarse = rng.integers(50, 210, (spots, spots, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)


def grainy(image: Image.Image, rng: np.random.Generator, deviation: float) -> Image.Image:
    """`image` with the noise of a sensor."""
    noise = rng.normal(0, deviation, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def draw_face(person: np.random.Generator, moment: np.random.Generator) -> Image.Image:
    """A cartoon face, 250 x 250: `person` draws the features, `moment` pose, expression, light and backdrop."""
    skin = np.array(SKIN[person.integers(len(SKIN))]) + person.integers(-10, 11)
    hair = tuple(HAIR[person.integers(len(HAIR))])
    clothes = tuple(person.integers(20, 235, 3).tolist())
    iris = tuple(person.integers(30, 150, 3).tolist())
    wide, high = person.uniform(46, 60), person.uniform(62, 76)
    eyes_apart, eye = person.uniform(19, 25), person.uniform(6, 9)
    mouth_wide, nose = person.uniform(14, 24), person.uniform(14, 22)
    long_hair, fringe, beard, glasses = person.random(4) < (0.45, 0.6, 0.2, 0.2)
    turn, nod = moment.uniform(-9, 9), moment.uniform(-5, 5)  # pixels by which features move across the head
    smile, tilt, light = moment.uniform(-3, 12), moment.uniform(-9, 9), moment.uniform(0.75, 1.1)
    shift = tuple(moment.integers(-16, 17, 2).tolist())

    image = backdrop(moment, FACE, 6)
    draw = ImageDraw.Draw(image)
    face, shade = tuple(np.clip(skin, 0, 255).tolist()), tuple((np.clip(skin, 0, 255) * 0.8).astype(int).tolist())

    def ellipse(x: float, y: float, a: float, b: float, fill: tuple[int, ...]) -> None:
        draw.ellipse((x - a, y - b, x + a, y + b), fill=fill)

    # from back to front: hair, shoulders, neck, ears, head, hairline
    x, y = 125.0, 125.0
    ellipse(x, y - 12, wide + 12, high + 10, hair)
    if long_hair:
        draw.rectangle((x - wide - 12, y - 12, x + wide + 12, y + 80), fill=hair)
    ellipse(x, 275, 105, 75, clothes)
    draw.rectangle((x - 20, y + 30, x + 20, 222), fill=shade)
    ellipse(x - wide - turn / 3, y, 8, 14, shade)
    ellipse(x + wide - turn / 3, y, 8, 14, shade)
    ellipse(x, y, wide, high, face)
    box = (x - wide - 2, y - high - 4, x + wide + 2, y + high)
    draw.chord(box, 205, 335, fill=hair) if fringe else draw.chord(box, 225, 315, fill=hair)
    x, y = x + turn, y + nod
    if beard:
        draw.chord((x - wide * 0.8, y - 10, x + wide * 0.8, y + high - 2 - nod), 15, 165, fill=hair)

    # features
    for side in (-1, 1):
        ex, ey = x + side * eyes_apart, y - 10
        ellipse(ex, ey, eye * 1.4, eye, (245, 245, 240))
        ellipse(ex + turn / 4, ey, eye * 0.7, eye * 0.8, iris)
        ellipse(ex + turn / 4, ey, eye * 0.35, eye * 0.4, (10, 10, 10))
        draw.line((ex - 11, ey - 15, ex + 11, ey - 15 - side * smile / 4), fill=hair, width=4)
        if glasses:
            draw.ellipse((ex - 16, ey - 13, ex + 16, ey + 13), outline=(30, 30, 30), width=3)
    draw.polygon((x, y - 8, x + turn / 2 - 7, y + nose, x + turn / 2 + 7, y + nose), fill=shade)
    lips = (x - mouth_wide, y + 30 - smile, x + mouth_wide, y + 38 + smile)
    draw.chord((lips[0], min(lips[1], lips[3] - 4), lips[2], lips[3]), 0, 180, fill=(165, 50, 55))

    image = image.rotate(tilt, Image.Resampling.BICUBIC, translate=shift).filter(ImageFilter.GaussianBlur(0.8))
    return grainy(image.point(lambda value: min(255, round(value * light))), moment, 3.0)


def draw_object(name: str, rng: np.random.Generator) -> Image.Image:
    """An object of a CIFAR-10 class, 32 x 32, in random colours, place, size, direction and light."""
    large = OBJECT * SCALE
    shape = Image.new("L", (large, large), 0)
    tones = Image.new("RGB", (large, large))
    main = rng.integers(0, 256, 3)
    colours = [main, np.clip(main + rng.integers(-90, 91, 3), 0, 255), main // 4]
    size, left, top = large * rng.uniform(0.62, 0.88), *(large * rng.uniform(0.02, 0.12, 2))
    for kind, tone, numbers in SHAPES[name]:
        points = (np.array(numbers).reshape(-1, 2) * size + (left, top)).ravel().tolist()
        for canvas, fill in ((shape, 255), (tones, tuple(colours[tone].tolist()))):
            pencil = ImageDraw.Draw(canvas)
            pencil.ellipse(points, fill=fill) if kind == "e" else pencil.polygon(points, fill=fill)
    image = backdrop(rng, large, 4)
    image.paste(tones, mask=shape)
    image = image.rotate(rng.uniform(-15, 15), Image.Resampling.BICUBIC)
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return grainy(image.resize((OBJECT, OBJECT), Image.Resampling.BOX), rng, 8.0)
